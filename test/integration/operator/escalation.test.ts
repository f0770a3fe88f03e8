import { describe, expect } from 'vitest';
import { test } from '../../fixtures/inNamespace.ts';
import { condition, matchJobs, oneOf, type StoredRequest, type TestNamespace } from '../../fixtures/world.ts';
import { counted, eventsWith, heldFor, may, named, own, runs, says, stillHeld } from './overrides.ts';
import { decidesInVain, listed } from './support.ts';

const onCall = { from: [{ group: 'on-call' }], count: 1, timeout: '5m' };

/** A stage that asks bob, for so long. */
const bobWithin = (timeout: string, more: object) => ({ ...oneOf('finance', { user: 'bob' }), timeout, ...more });

const policyOf = (...stages: object[]) => ({ match: matchJobs, stages });

const escalated = (ns: TestNamespace, { metadata }: StoredRequest): Promise<StoredRequest> =>
  ns.request(metadata.name, 'escalated', (r) => r.status?.stages[0]?.state === 'Escalated');

describe.concurrent('a stage that nobody answers in time', () => {
  test('does not ask those it escalates to before', async ({ ns }) => {
    await ns.policy('pay', policyOf(bobWithin('1h', { onTimeout: 'Escalate', escalation: onCall })));
    const { asked } = await heldFor(ns, 'wire');
    await decidesInVain(ns, await ns.as('olga', ['on-call']), 'Approve', asked, 'NotQualified');
    const open = await ns.requestIn('Reviewing', asked.metadata.name);
    expect(open.status).toMatchObject({ approvals: '0/1', stages: [{ state: 'Active' }] });
    expect(condition(open, 'Approved')?.message).toBe('Waiting for 1 of user bob (stage finance).');
    expect(await stillHeld(ns, 'wire')).toBe(true);
  });

  test('asks those it escalates to as well once its time is over; either they or its own people are enough', async ({ ns }) => {
    await ns.policy('pay', policyOf(bobWithin('3s', { onTimeout: 'Escalate', escalation: onCall })));
    const { made, asked } = await heldFor(ns, 'wire');
    const other = await heldFor(ns, 'other');
    const olga = await ns.as('olga', ['on-call']);
    const late = await escalated(ns, asked);
    const [stage] = late.status?.stages ?? [];
    expect(Date.parse(stage?.escalatedAt ?? '') - Date.parse(stage?.activeSince ?? '')).toBe(3_000);
    expect(condition(late, 'Approved')?.message).toBe(
      'Waiting for 1 of group on-call, or instead 1 of user bob (stage finance, escalated).',
    );
    const events = await eventsWith(ns, made, 'Escalated');
    expect(events.filter((event) => event.startsWith('Escalated: '))).toEqual([
      `Escalated: Stage finance, which has asked since ${stage?.activeSince ?? ''}, has escalated: 1 of group on-call is asked as well.`,
    ]);
    expect(await counted(ns, 'countersign_escalations_total', 'wire')).toBe(1);
    expect(await stillHeld(ns, 'wire')).toBe(true);
    await decidesInVain(ns, await own(ns, 'dan'), 'Approve', late, 'NotQualified');

    await ns.decide(olga, 'Approve', [late]);
    await runs(ns, 'wire');
    expect((await ns.requestIn('Completed', asked.metadata.name)).status?.stages[0]).toMatchObject({
      state: 'Satisfied',
      escalation: { approvedBy: ['olga'] },
    });
    await ns.decide(await ns.as('bob'), 'Approve', [await escalated(ns, other.asked)]);
    await runs(ns, 'other');
  });

  test('ends the request where those it escalates to say nothing either', async ({ ns }) => {
    const escalation = { ...onCall, timeout: '2s' };
    await ns.policy('pay', policyOf(bobWithin('2s', { onTimeout: 'Escalate', escalation })));
    const { asked } = await heldFor(ns, 'wire');
    const over = await ns.requestIn('Expired', asked.metadata.name);
    expect(condition(over, 'Approved')).toMatchObject({ reason: 'Expired', message: 'Stage finance was not satisfied in time.' });
  });

  test('does what its own onTimeout says: each stage another thing', async ({ ns }) => {
    const rejecting = { ...bobWithin('2s', { onTimeout: 'Reject' }), name: 'audit', require: [{ count: 1, from: [{ user: 'carol' }] }] };
    await ns.policy('pay', policyOf(bobWithin('1h', { onTimeout: 'Expire' }), rejecting));
    const { made, asked } = await heldFor(ns, 'wire');
    await ns.decide(await ns.as('bob'), 'Approve', [asked]);
    const over = await ns.requestIn('Rejected', asked.metadata.name);
    expect(over.status?.stages.map((s) => s.state)).toEqual(['Satisfied', 'Expired']);
    expect(condition(over, 'Approved')?.message).toBe('Stage audit was not satisfied in time.');
    expect(await eventsWith(ns, made, 'Rejected')).toContain('Rejected: Stage audit was not satisfied in time.');
  });

  test('is over when it says nothing of what then: it expires', async ({ ns }) => {
    await ns.policy('pay', policyOf(bobWithin('2s', {})));
    const { asked } = await heldFor(ns, 'wire');
    const over = await ns.requestIn('Expired', asked.metadata.name);
    expect(over.status?.stages[0]?.state).toBe('Expired');
  });
});

describe.concurrent('a reassignment', () => {
  test('is seen in the condition, in an Event and in the metrics; what could have none is refused', async ({ ns }) => {
    const stage = { ...oneOf('finance', { user: 'bob' }), reassignTo: [{ user: named(ns, 'dan') }] };
    await ns.policy('pay', policyOf(stage));
    await ns.grant('reassigning', may('reassign'), [named(ns, 'rita'), named(ns, 'roy')]);
    const [rita, roy] = [await own(ns, 'rita'), await own(ns, 'roy')];
    const { made, asked } = await heldFor(ns, 'wire');
    const to = (user: string) => ({ reassign: { stage: 'finance', from: 'bob', to: named(ns, user) } });

    await expect(says(ns, roy, 'Reassign', asked, to('erin'))).rejects.toThrow('may not stand in for bob');
    const right = await says(ns, rita, 'Reassign', asked, to('dan'));
    expect(await listed(ns, asked.metadata.name, right)).toMatchObject({ counted: true });
    const seen = await ns.request(asked.metadata.name, 'reassigned', (r) => (r.status?.stages[0]?.standIns ?? []).length > 0);
    const [dan, by] = [named(ns, 'dan'), named(ns, 'rita')];
    expect(condition(seen, 'Approved')?.message).toBe(`Waiting for 1 of user bob (stage finance; ${dan} is asked in place of bob).`);
    expect(await eventsWith(ns, made, 'Reassigned')).toContain(`Reassigned: In stage finance ${dan} is asked in place of bob, said ${by}.`);
    expect(await counted(ns, 'countersign_reassignments_total', 'wire')).toBe(1);

    await ns.decide(await own(ns, 'dan'), 'Approve', [seen]);
    await runs(ns, 'wire');
    expect(
      (await ns.requestIn('Completed', asked.metadata.name)).status?.decisions.find((d) => d.verdict === 'Reassign' && d.counted),
    ).toBeDefined();
  });
});
