import { describe, expect } from 'vitest';
import { annotations, labels } from '../../../crds/v1alpha1/index.ts';
import { test } from '../../fixtures/inNamespace.ts';
import {
  always,
  condition,
  governedJob,
  hasEnded,
  isSuspended,
  isTrue,
  job,
  matchGovernedJobs,
  matchJobs,
  oneOf,
  resources,
  type StoredRequest,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { bobOf, financeAgrees, heldJob, patch } from './support.ts';

const second = 1_000;
const minute = 60 * second;

interface Window {
  readonly name: string;
  readonly schedule: string;
  readonly duration: string;
  readonly timeZone: string;
}

/** A window of once a day that began some minutes ago and ends at that time. */
function windowUntil(end: number): Window {
  const begin = Math.floor((end - 3 * minute) / minute) * minute;
  return { ...windowFrom(begin), duration: `${Math.ceil((end - begin) / second)}s` };
}

/** A window of once a day that begins at that full minute, for an hour. */
function windowFrom(begin: number): Window {
  const at = new Date(begin);
  return { name: 'window', schedule: `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`, duration: '1h', timeZone: 'Etc/UTC' };
}

/** A full second, so long from now. Long enough to see what happens before it, on a machine that has other things to do. */
const fromNow = (ms: number): number => Math.ceil((Date.now() + ms) / second) * second;
const soon = (): number => fromNow(30 * second);
/** A window that is open, and stays so. */
const forLong = (): Window => windowFrom(Math.floor(Date.now() / minute - 3) * minute);

const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
const transition = (object: StoredRequest, type: string): number => Date.parse(condition(object, type)?.lastTransitionTime ?? '');

/** Approved by bob, and held by the time alone. */
async function waits(ns: TestNamespace, object: object): Promise<StoredRequest> {
  const { asked } = await heldJob(ns, object);
  await ns.decide(await bobOf(ns), 'Approve', [asked]);
  const approved = await ns.request(asked.metadata.name, 'approved', (r) => isTrue(r, 'Approved'));
  expect(approved.status?.phase).toBe('Approved');
  expect(condition(approved, 'Released')).toMatchObject({ status: 'False', reason: 'Frozen' });
  expect(isTrue(approved, 'Settled')).toBe(true);
  return approved;
}

/** It runs, and did not before that time. */
async function runsAfter(ns: TestNamespace, request: StoredRequest, opens: number): Promise<void> {
  const released = (r: StoredRequest): boolean => isTrue(r, 'Released');
  const done = await ns.eventually(resources.approvalRequests, request.metadata.name, 'released', released, 2 * minute);
  expect(transition(done, 'Released')).toBeGreaterThanOrEqual(opens);
  expect(done.status?.earliestRelease).toBeUndefined();
  const ran = await ns.eventually(resources.jobs, request.spec.subject.resource?.name ?? '', 'over', hasEnded);
  expect(Date.parse((ran['status'] as { startTime: string }).startTime)).toBeGreaterThanOrEqual(opens);
  expect(isTrue(ran, 'Complete')).toBe(true);
}

describe.concurrent('a freeze', () => {
  test('holds what was approved, says until when, and lets it go then', async ({ ns }) => {
    const opens = soon();
    await ns.policy('pay', { ...financeAgrees, freeze: [windowUntil(opens)] });
    const approved = await waits(ns, job('wire'));
    expect(approved.status?.earliestRelease).toBe(rfc3339(opens));
    expect(condition(approved, 'Released')?.message).toMatch(new RegExp(`freeze window .*until ${rfc3339(opens)}`));
    expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
    await runsAfter(ns, approved, opens);
  });

  test('holds what a policy agrees to on its own, which is approved only then', async ({ ns }) => {
    const opens = soon();
    await ns.policy('small', { match: matchJobs, autoApprove: always, freeze: [windowUntil(opens)] });
    const { asked } = await heldJob(ns, job('wire'));
    expect(condition(asked, 'Approved')).toMatchObject({ status: 'Unknown', reason: 'Frozen' });
    expect(asked.status?.earliestRelease).toBe(rfc3339(opens));
    const done = await ns.requestIn('Completed', asked.metadata.name);
    expect(condition(done, 'Approved')?.reason).toBe('AutoApproved');
    expect(transition(done, 'Approved')).toBeGreaterThanOrEqual(opens);
  });

  test('that overlaps one and touches another is one with them', async ({ ns }) => {
    const begin = Math.floor(Date.now() / minute - 3) * minute;
    const freeze = [0, 30, 90].map((later) => ({ ...windowFrom(begin + later * minute), name: `window-${later}` }));
    await ns.policy('pay', { ...financeAgrees, freeze });
    const approved = await waits(ns, job('wire'));
    expect(approved.status?.earliestRelease).toBe(rfc3339(begin + 150 * minute));
  });

  test('that comes with a change of the policy after the approval holds as well', async ({ ns }) => {
    const [first, later] = [fromNow(30 * second), fromNow(45 * second)];
    await ns.policy('pay', { ...financeAgrees, freeze: [windowUntil(first)] });
    const approved = await waits(ns, job('wire'));
    await ns.changePolicy('pay', { freeze: [windowUntil(later)] });
    const held = await ns.request(approved.metadata.name, 'held for longer', (r) => r.status?.earliestRelease === rfc3339(later));
    expect(condition(held, 'Released')).toMatchObject({ status: 'False', reason: 'Frozen' });
    await runsAfter(ns, approved, later);
  });

  test('that a change of the policy takes away still holds what was there before, and nothing new', async ({ ns }) => {
    const opens = soon();
    await ns.policy('pay', { ...financeAgrees, freeze: [windowUntil(opens)] });
    const approved = await waits(ns, job('wire'));
    await ns.changePolicy('pay', { freeze: null });
    const { asked } = await heldJob(ns, job('new'));
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
    await runsAfter(ns, approved, opens);
  });
});

describe.concurrent('release windows', () => {
  test('hold what was approved until one of them opens', { timeout: 3 * minute }, async ({ ns }) => {
    // Windows open at full minutes.
    const opens = Math.ceil(fromNow(10 * second) / minute) * minute;
    const never = { ...windowFrom(opens + 7 * 60 * minute), name: 'night' };
    await ns.policy('pay', { ...financeAgrees, releaseWindows: [never, windowFrom(opens)] });
    const approved = await waits(ns, job('wire'));
    expect(approved.status?.earliestRelease).toBe(rfc3339(opens));
    expect(condition(approved, 'Released')?.message).toContain('outside of release windows');
    await runsAfter(ns, approved, opens);
  });

  test('let go at once what is approved inside', async ({ ns }) => {
    await ns.policy('pay', { ...financeAgrees, releaseWindows: [forLong()] });
    const { asked } = await heldJob(ns, job('wire'));
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    expect((await ns.requestIn('Completed', asked.metadata.name)).status?.earliestRelease).toBeUndefined();
  });

  test('of one policy and the freeze of another must both allow it', async ({ ns }) => {
    const opens = soon();
    await ns.policy('pay', { ...financeAgrees, releaseWindows: [forLong()] });
    await ns.policy('other', { ...financeAgrees, freeze: [windowUntil(opens)] });
    await runsAfter(ns, await waits(ns, job('wire')), opens);
  });
});

describe.concurrent('an approval that nobody used while it was good', () => {
  const expires = { ...financeAgrees, approvalValidFor: '5s' };

  test('expires, its Job ends as Failed, and the yes stays on record', async ({ ns }) => {
    await ns.policy('pay', { ...expires, freeze: [forLong()] });
    const approved = await waits(ns, job('wire'));
    const over = await ns.requestIn('Expired', approved.metadata.name);
    expect(condition(over, 'Approved')).toMatchObject({ status: 'True', reason: 'Approved' });
    expect(condition(over, 'Settled')).toEqual(condition(approved, 'Settled'));
    expect(condition(over, 'Released')).toMatchObject({ status: 'False', reason: 'ApprovalExpired' });
    expect(isTrue(over, 'Stalled')).toBe(true);
    const ended = await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    expect(condition(ended, 'Failed')).toMatchObject({ status: 'True', reason: 'ApprovalExpired' });
    expect(await ns.events(ended)).toContainEqual(expect.stringMatching(/^ApprovalExpired: It was approved, but nobody used that before/));
    // Whoever says something later changes nothing about that.
    await ns.decide(await bobOf(ns), 'Comment', [over], { reason: 'a pity' });
    const after = await ns.request(over.metadata.name, 'listing the comment', (r) => r.status?.decisions.length === 2);
    expect(after.status).toMatchObject({ phase: 'Expired', conditions: over.status?.conditions });
    await expect(ns.decide(await bobOf(ns), 'Approve', [after])).rejects.toThrow(/settled already/);
  });

  test('is asked for anew by whoever creates the Job again', async ({ ns }) => {
    await ns.policy('pay', { ...expires, freeze: [forLong()] });
    const approved = await waits(ns, job('wire'));
    await ns.requestIn('Expired', approved.metadata.name);
    await (await ns.as('alice')).delete(resources.jobs, { namespace: ns.name, name: 'wire' }, { propagationPolicy: 'Background' });
    await ns.gone(resources.jobs, 'wire');
    const { asked } = await heldJob(ns, job('wire'));
    expect(asked.metadata.name).not.toBe(approved.metadata.name);
    expect(asked.status).toMatchObject({ phase: 'Reviewing', decisions: [] });
  });

  test('ends also what was let go and its author never resumed', async ({ ns }) => {
    await ns.policy('pay', { ...expires, onRefusal: 'Keep' });
    const { asked } = await heldJob(ns, job('wire', { spec: { suspend: true } }));
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.eventually(resources.jobs, 'wire', 'released', ({ metadata }) => metadata.annotations?.[annotations.released] !== undefined);
    await ns.requestIn('Expired', asked.metadata.name);
    const ended = await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    expect(condition(ended, 'Failed')).toMatchObject({ status: 'True', reason: 'ApprovalExpired' });
  });

  test('leaves the Job suspended and held where the policy keeps it', async ({ ns }) => {
    await ns.policy('pay', { ...expires, freeze: [forLong()], onRefusal: 'Keep' });
    const approved = await waits(ns, job('wire'));
    await ns.requestIn('Expired', approved.metadata.name);
    const kept = await ns.get(resources.jobs, 'wire');
    expect([isSuspended(kept), hasEnded(kept), kept.metadata.labels?.[labels.held]]).toEqual([true, false, 'true']);
  });

  test('ends a GovernedJob as Expired', async ({ ns }) => {
    await ns.policy('pay', { ...expires, match: matchGovernedJobs, freeze: [forLong()] });
    const asked = await ns.requestOf(await (await ns.as('alice')).create(resources.governedJobs, ns.name, governedJob('nightly')));
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    const over = await ns.phase(resources.governedJobs, 'nightly', 'Expired');
    expect(condition(over, 'Approved')).toMatchObject({ status: 'False', reason: 'Expired' });
    expect(isTrue(over, 'Stalled')).toBe(true);
  });
});

describe.concurrent('what was approved and waits', () => {
  test('ends when its requester cancels it', async ({ ns }) => {
    await ns.policy('pay', { ...financeAgrees, freeze: [forLong()] });
    const approved = await waits(ns, job('wire'));
    await patch(ns, await ns.as('alice'), resources.approvalRequests, approved.metadata.name, { spec: { cancelled: true } });
    const over = await ns.requestIn('Cancelled', approved.metadata.name);
    expect(condition(over, 'Released')).toMatchObject({ status: 'False', reason: 'Cancelled' });
    const ended = await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    expect(condition(ended, 'Failed')).toMatchObject({ status: 'True', reason: 'ApprovalCancelled' });
  });

  test('ends when nobody agrees in time to what a stricter policy asks in addition', async ({ ns }) => {
    await ns.policy('pay', { ...financeAgrees, freeze: [forLong()] });
    const approved = await waits(ns, job('wire'));
    const security = { ...oneOf('security', { group: 'security' }), timeout: '3s' };
    await ns.changePolicy('pay', { stages: [...financeAgrees.stages, security] });
    const over = await ns.requestIn('Expired', approved.metadata.name);
    expect(condition(over, 'Released')?.message).toContain('Stage security was not satisfied in time.');
    const ended = await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    expect(condition(ended, 'Failed')).toMatchObject({ status: 'True', reason: 'ApprovalExpired' });
  });

  test('ends when somebody whom the stricter policy asks says no', async ({ ns }) => {
    await ns.policy('pay', { ...financeAgrees, freeze: [forLong()] });
    const approved = await waits(ns, job('wire'));
    await ns.changePolicy('pay', { stages: [...financeAgrees.stages, oneOf('security', { group: 'security' })] });
    const asked = await ns.request(
      approved.metadata.name,
      'asked more',
      (r) => r.status?.stages.some((s) => s.name === 'security') === true,
    );
    await ns.decide(await ns.as('sam', ['security']), 'Reject', [asked], { reason: 'not on my watch' });
    const over = await ns.requestIn('Rejected', approved.metadata.name);
    expect(condition(over, 'Released')).toMatchObject({ status: 'False', reason: 'Rejected' });
    const ended = await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    expect(condition(ended, 'Failed')).toMatchObject({ status: 'True', reason: 'ApprovalRejected' });
  });
});

describe.concurrent('the time of a stage', () => {
  const days = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
  /** Three days from now, where nobody's midnight is near. */
  const workday = new Date(Math.floor(Date.now() / (24 * 60 * minute)) * 24 * 60 * minute + 3 * 24 * 60 * minute);
  const businessHours = { days: [days[workday.getUTCDay()]], from: '09:00', to: '17:00', timeZone: 'Etc/UTC' };
  const timed = { match: matchJobs, stages: [{ ...oneOf('finance', { group: 'finance' }), timeout: '2s' }] };

  test('runs in business hours alone where the policy says so', async ({ ns }) => {
    await ns.policy('pay', { ...timed, businessHours });
    const { asked } = await heldJob(ns, job('wire'));
    const [stage] = asked.status?.stages ?? [];
    expect(stage).toMatchObject({ state: 'Active', businessHours, deadline: rfc3339(workday.getTime() + 9 * 60 * minute + 2 * second) });
    // The same without them is over long before.
    await ns.changePolicy('pay', { businessHours: null });
    const other = await heldJob(ns, job('other'));
    await ns.requestIn('Expired', other.asked.metadata.name);
  });

  test('runs on in them for what was asked before they were taken away: what is stricter bites', async ({ ns }) => {
    await ns.policy('pay', { ...timed, businessHours });
    const { asked } = await heldJob(ns, job('wire'));
    await ns.changePolicy('pay', { businessHours: null });
    const over = await ns.requestIn('Expired', asked.metadata.name);
    expect(over.status?.stages.map((s) => [s.asSubmitted, s.state])).toEqual([
      [true, 'Active'],
      [false, 'Expired'],
    ]);
  });
});
