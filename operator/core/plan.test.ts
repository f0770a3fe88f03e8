import { describe, expect, it } from 'vitest';
import { decision, digestA, digestB, group, heldJob, minutes, observation, policy, stage, user } from '../../test/fixtures/facts.ts';
import type { Observation } from './facts.ts';
import { plan, type Plan } from './plan.ts';

const condition = (of: Plan, type: string) => {
  const found = of.status.conditions.find((c) => c.type === type);
  return found === undefined ? undefined : `${found.status} ${found.reason}`;
};
const kinds = (of: Plan) => of.after.map((effect) => effect.kind);

/** The facts a moment later, with the plan's status written and whatever else has changed. */
const then = (before: Observation, changes: Partial<Observation> = {}): Observation => ({
  ...before,
  ...changes,
  request: { ...before.request, ...changes.request, status: plan(before).status },
});

describe('a request for held work', () => {
  it('asks people and releases nothing while votes are missing', () => {
    const planned = plan(observation());
    expect(planned.status.phase).toBe('Reviewing');
    expect(condition(planned, 'Approved')).toBe('Unknown Reviewing');
    expect(planned.status.approvals).toBe('0/1');
    expect(planned.after).toEqual([]);
  });

  it('says which votes are missing and who can give them', () => {
    const approved = plan(observation()).status.conditions.find((c) => c.type === 'Approved');
    expect(approved?.message).toBe('Waiting for 1 of user bob (stage finance).');
  });

  it('releases for the digest that was approved once every place is filled', () => {
    const planned = plan(observation({ decisions: [decision('bob')] }));
    expect(planned.status.phase).toBe('Approved');
    expect(condition(planned, 'Settled')).toBe('True Settled');
    expect(planned.after).toEqual([{ kind: 'release', digest: digestA }]);
  });

  it('is applying while the released work runs, and completed when it has ended', () => {
    const approved = then(observation({ decisions: [decision('bob')] }));
    const released = { digest: digestA, request: approved.request.name };
    const running = then(approved, { subject: { exists: true, held: false, digest: digestA, released } });
    expect(plan(running).status.phase).toBe('Applying');
    const ended = then(running, { subject: { ...running.subject, ended: { succeeded: true, message: 'done' } } });
    expect(plan(ended).status.phase).toBe('Completed');
    expect(condition(plan(ended), 'Completed')).toBe('True Succeeded');
    expect(kinds(plan(ended))).toEqual([]);
  });

  it('owes the release again after a crash between the status write and the release', () => {
    expect(kinds(plan(then(observation({ decisions: [decision('bob')] }))))).toEqual(['release']);
  });

  it('gives the same plan for the same facts, so that a second pass writes nothing', () => {
    const facts = observation({ decisions: [decision('bob')] });
    expect(plan(then(facts)).status).toEqual(plan(facts).status);
  });

  it.each([
    ['somebody nobody asked', decision('mallory'), 'NotQualified'],
    ['a name that only looks the same', decision('bоb'), 'NotQualified'],
    ['a comment', decision('bob', 'Comment'), 'Comment'],
    ['a decision about another digest', decision('bob', 'Approve', { digest: digestB }), 'DigestChanged'],
    ['a decision about another request of the same name', decision('bob', 'Approve', { requestUid: 'older' }), 'UidChanged'],
    ['a decision that came too late', decision('bob', 'Approve', { time: '2026-04-02T09:00:00Z' }), 'Late'],
  ])('does not count %s', (_what, vote, why) => {
    const planned = plan(observation({ decisions: [vote] }));
    expect(planned.after).toEqual([]);
    expect(planned.status.decisions).toMatchObject([{ counted: false, ignoredBecause: why }]);
  });

  it('does not let the requester approve, and says so', () => {
    const policies = [policy('own', { stages: [stage('any', 1, [user('alice')])] })];
    const planned = plan(observation({ policies, decisions: [decision('alice')] }));
    expect(planned.after).toEqual([]);
    expect(planned.status.decisions).toMatchObject([{ counted: false, ignoredBecause: 'Requester' }]);
  });

  it('lets the requester approve where the policy says so', () => {
    const separation = { requesterMayApprove: true, distinctAcrossStages: true };
    const policies = [policy('own', { separation, stages: [stage('any', 1, [user('alice')])] })];
    expect(kinds(plan(observation({ policies, decisions: [decision('alice')] })))).toEqual(['release']);
  });

  it('counts a person once, however often they approve', () => {
    const policies = [policy('two', { stages: [stage('any', 2, [group('finance')])] })];
    const votes = [1, 2, 3].map((s) => decision('bob', 'Approve', { groups: ['finance'], time: `2026-03-02T09:01:0${s}Z` }));
    const planned = plan(observation({ policies, decisions: votes }));
    expect(planned.status.approvals).toBe('1/2');
    expect(planned.after).toEqual([]);
  });

  it('asks for another person in each stage of a policy', () => {
    const policies = [policy('two', { stages: [stage('first', 1, [user('bob')]), stage('second', 1, [user('bob'), user('carol')])] })];
    const bobOnly = observation({ policies, decisions: [decision('bob')] });
    expect(plan(bobOnly).status.stages.map((s) => s.state)).toEqual(['Satisfied', 'Active']);
    expect(kinds(plan({ ...bobOnly, decisions: [decision('bob'), decision('carol')] }))).toEqual(['release']);
  });

  it('puts an approval where it helps most: bob, who fits both, makes room for carol', () => {
    const require = [
      { count: 1, from: [user('bob'), user('carol')] },
      { count: 1, from: [user('bob')] },
    ];
    const policies = [policy('narrow', { stages: [{ name: 'both', rejections: 1, onTimeout: 'Expire', require }] })];
    expect(kinds(plan(observation({ policies, decisions: [decision('bob'), decision('carol')] })))).toEqual(['release']);
  });

  it('counts a vote given before its stage was open', () => {
    const policies = [policy('two', { stages: [stage('first', 1, [user('bob')]), stage('second', 1, [user('carol')])] })];
    const early = observation({ policies, decisions: [decision('carol')] });
    expect(plan(early).status.stages.map((s) => s.state)).toEqual(['Active', 'Satisfied']);
    expect(kinds(plan({ ...early, decisions: [decision('carol'), decision('bob')] }))).toEqual(['release']);
  });

  it('takes the later word of a person, and of two in one second the rejection', () => {
    const approve = decision('bob', 'Approve', { time: '2026-03-02T09:01:00Z' });
    const reject = decision('bob', 'Reject', { time: '2026-03-02T09:01:00Z' });
    const again = decision('bob', 'Approve', { time: '2026-03-02T09:02:00Z' });
    expect(plan(observation({ decisions: [approve, reject] })).status.phase).toBe('Rejected');
    expect(kinds(plan(observation({ decisions: [approve, reject, again] })))).toEqual(['release']);
  });

  it('ends the work as failed when it is rejected, and says by whom and why', () => {
    const planned = plan(observation({ decisions: [decision('bob', 'Reject', { reason: 'wrong account' })] }));
    expect(planned.status.phase).toBe('Rejected');
    expect(planned.after).toEqual([{ kind: 'refuse', reason: 'ApprovalRejected', message: 'Rejected by bob: wrong account' }]);
  });

  it('leaves refused work suspended when a policy says Keep', () => {
    const policies = [policy('keep', { onRefusal: 'Keep', stages: [stage('any', 1, [user('bob')])] })];
    expect(plan(observation({ policies, decisions: [decision('bob', 'Reject')] })).after).toEqual([]);
  });

  it('waits for as many rejections as the stage asks for', () => {
    const policies = [policy('two-noes', { stages: [stage('any', 2, [group('g')], { rejections: 2 })] })];
    const no = (who: string) => decision(who, 'Reject', { groups: ['g'] });
    expect(plan(observation({ policies, decisions: [no('bob')] })).status.phase).toBe('Reviewing');
    expect(plan(observation({ policies, decisions: [no('bob'), no('carol')] })).status.phase).toBe('Rejected');
  });
});

describe('time', () => {
  const timed = policy('timed', { timeout: '1h', stages: [stage('any', 1, [user('bob')], { timeout: '30m' })] });

  it('wakes for the earliest deadline', () => {
    const planned = plan(observation({ now: minutes(0), policies: [timed] }));
    expect(planned.wakeAt).toBe(minutes(30));
    expect(planned.status.expiresAt).toBe('2026-03-02T10:00:00Z');
  });

  it('expires when the stage has not been satisfied in time, and refuses the work', () => {
    const asked = observation({ now: minutes(0), policies: [timed] });
    const planned = plan(then(asked, { now: minutes(31) }));
    expect(planned.status.phase).toBe('Expired');
    expect(planned.after).toMatchObject([{ kind: 'refuse', reason: 'ApprovalExpired' }]);
  });

  it('takes the shortest of the timeouts of the request and all policies', () => {
    const planned = plan(
      observation({
        now: minutes(0),
        policies: [policy('p', { timeout: '3h', stages: [stage('any', 1, [user('bob')])] })],
        spec: { timeout: '2h' },
      }),
    );
    expect(planned.status.expiresAt).toBe('2026-03-02T11:00:00Z');
  });

  it('lets an approval stand that came in time but was seen late', () => {
    const asked = observation({ now: minutes(0), policies: [timed] });
    const late = then(asked, { now: minutes(90), decisions: [decision('bob')] });
    expect(kinds(plan(late))).toEqual(['release']);
  });
});

describe('what must never release', () => {
  const approved = [decision('bob')];

  it.each<[string, Partial<Observation>]>([
    ['no policy', { policies: [] }],
    [
      'a policy that is marked on the work but gone',
      { missingPolicies: [{ kind: 'ApprovalPolicy', namespace: 'payments', name: 'lost' }] },
    ],
    ['policies that ask nobody', { policies: [policy('empty')] }],
    ['a subject that cannot be digested', { subject: { exists: true, held: true, fault: 'numbers' } }],
  ])('%s', (_what, changes) => {
    const planned = plan(observation({ decisions: approved, ...changes }));
    expect(planned.after).toEqual([]);
    expect(condition(planned, 'Approved')).toMatch(/^Unknown/);
  });

  it('auto-approval of something that cannot be digested', () => {
    const policies = [policy('auto', { autoApprove: [{ name: 'all', when: 'true' }] })];
    expect(plan(observation({ policies, subject: { exists: true, held: true, fault: 'numbers' } })).after).toEqual([]);
  });

  it("a person's own request, whatever it says", () => {
    expect(plan(observation({ request: { governs: false }, decisions: approved })).after).toEqual([]);
  });

  it('a status that was forged: a recorded yes without the votes', () => {
    const forged = plan(observation({ decisions: approved })).status;
    expect(plan(observation({ request: { status: forged }, decisions: [] })).after).toEqual([]);
  });

  it('work that was changed after the yes', () => {
    const yes = observation({ decisions: approved });
    const changed = then(yes, { subject: { ...heldJob, digest: digestB }, decisions: [decision('bob', 'Approve', { digest: digestB })] });
    expect(plan(changed).after).toEqual([]);
  });

  it('a stage that a policy was given after the yes and before the release', () => {
    const yes = observation({ decisions: approved });
    const stricter = policy(
      'tiers',
      { stages: [stage('finance', 1, [user('bob')]), stage('security', 1, [user('carol')])] },
      { generation: 2 },
    );
    expect(plan(then(yes, { policies: [stricter] })).after).toEqual([]);
  });
});

describe('a yes whose release a stricter policy holds back', () => {
  const yes = observation({ decisions: [decision('bob')] });
  const stricter = policy(
    'tiers',
    { stages: [stage('finance', 1, [user('bob')]), stage('security', 1, [user('carol')])] },
    { generation: 2 },
  );
  const heldBack = then(yes, { policies: [stricter] });

  it('stays a yes, and shows what is asked in addition', () => {
    const planned = plan(heldBack);
    expect(condition(planned, 'Approved')).toBe('True Approved');
    expect(condition(planned, 'Released')).toBe('False Held');
    expect(planned.status.stages.filter((s) => s.state === 'Active').map((s) => s.name)).toEqual(['security']);
  });

  it('is released once that is satisfied too', () => {
    expect(kinds(plan(then(heldBack, { decisions: [...yes.decisions, decision('carol')] })))).toEqual(['release']);
  });
});

describe('policies that change while people decide', () => {
  const asked = observation();

  it('a stricter policy bites at once: what it asks in addition is listed as not submitted', () => {
    const stricter = policy('tiers', { stages: [stage('finance', 2, [user('bob'), user('carol')])] }, { generation: 2 });
    const planned = plan(then(asked, { policies: [stricter], decisions: [decision('bob')] }));
    expect(planned.after).toEqual([]);
    expect(planned.status.stages.map((s) => [s.asSubmitted, s.approvals, s.required])).toEqual([
      [true, 1, 1],
      [false, 1, 2],
    ]);
  });

  it('a looser or deleted policy helps nobody who has already asked', () => {
    const looser = policy('tiers', { autoApprove: [{ name: 'all', when: 'true' }] }, { generation: 2 });
    expect(plan(then(asked, { policies: [looser] })).after).toEqual([]);
    expect(plan(then(asked, { policies: [] })).after).toEqual([]);
  });

  it('a policy that comes to match later asks too', () => {
    const other = policy('other', { stages: [stage('security', 1, [user('carol')])] });
    const planned = plan(then(asked, { policies: [...asked.policies, other], decisions: [decision('bob')] }));
    expect(planned.status.phase).toBe('Reviewing');
    expect(kinds(plan(then(asked, { policies: [...asked.policies, other], decisions: [decision('bob'), decision('carol')] })))).toEqual([
      'release',
    ]);
  });

  it('a policy that was written again with the same content changes nothing', () => {
    const same = policy('tiers', { stages: [stage('finance', 1, [user('bob')])] }, { generation: 7 });
    expect(plan(then(asked, { policies: [same] })).status).toEqual(plan(then(asked)).status);
  });

  it('auto-approval needs every policy to agree', () => {
    const auto = policy('auto', { autoApprove: [{ name: 'all', when: 'true' }] });
    expect(condition(plan(observation({ policies: [auto] })), 'Approved')).toBe('True AutoApproved');
    expect(plan(observation({ policies: [auto, ...asked.policies] })).after).toEqual([]);
  });
});

describe('a settled request', () => {
  it('keeps its outcome and what was counted, and lists what came later as ignored', () => {
    const no = observation({ decisions: [decision('bob', 'Reject')] });
    const later = then(no, { decisions: [...no.decisions, decision('bob', 'Approve', { time: '2026-03-02T09:09:00Z' })] });
    const planned = plan(later);
    expect(planned.status.phase).toBe('Rejected');
    expect(planned.status.decisions).toMatchObject([{ counted: true }, { counted: false, ignoredBecause: 'Settled' }]);
  });

  it('is cancelled by its requester before a yes that comes with it', () => {
    const planned = plan(observation({ spec: { cancelled: true }, decisions: [decision('bob')] }));
    expect(planned.status.phase).toBe('Cancelled');
    expect(planned.after).toMatchObject([{ kind: 'refuse', reason: 'ApprovalCancelled' }]);
  });

  it('ends when what was to be approved is gone', () => {
    const planned = plan(observation({ subject: { exists: false, held: false } }));
    expect(condition(planned, 'Approved')).toBe('False SubjectGone');
    expect(planned.status.phase).toBe('Cancelled');
    expect(planned.after).toEqual([]);
  });

  it('says so when work ran past the gate', () => {
    const planned = plan(observation({ subject: { exists: true, held: false, bypassed: true, digest: digestA } }));
    expect(planned.status.phase).toBe('Cancelled');
    expect(planned.status.conditions.find((c) => c.type === 'Approved')?.message).toMatch(/without this gate/);
  });

  it('lists no more than the last hundred decisions', () => {
    const many = Array.from({ length: 150 }, (_, i) => decision(`stranger-${i}`));
    expect(plan(observation({ decisions: many })).status.decisions).toHaveLength(100);
  });
});

describe('what generic tools read', () => {
  const tools = (of: Plan) => ['Ready', 'Reconciling', 'Stalled'].filter((type) => condition(of, type)?.startsWith('True'));

  it('a draft and a request under review are in progress', () => {
    expect(tools(plan(observation()))).toEqual(['Reconciling']);
    expect(tools(plan(observation({ spec: { draft: true } })))).toEqual(['Reconciling']);
    expect(plan(observation({ spec: { draft: true } })).status.phase).toBe('Draft');
  });

  it('an approved request is ready, a refused one stalled', () => {
    const external = { governs: false, spec: undefined };
    expect(tools(plan(observation({ request: { governs: external.governs }, decisions: [decision('bob')] })))).toEqual(['Ready']);
    expect(tools(plan(observation({ decisions: [decision('bob', 'Reject')] })))).toEqual(['Stalled']);
  });
});
