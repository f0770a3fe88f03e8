import { describe, expect, it } from 'vitest';
import type { ApprovalPolicySpec, ApprovalRequestStatus, Standing } from '../../crds/v1alpha1/index.ts';
import {
  conditionOf,
  decision,
  digestA,
  group,
  heldJob,
  later,
  minutes,
  observation,
  policy,
  settle,
  stage,
  user,
} from '../../test/fixtures/facts.ts';
import type { Observation } from './facts.ts';
import { plan } from './plan.ts';
import { standingFacts, withUse } from './standing.ts';

const repeatable = { covers: 'operation wire', content: `v1:sha256:${'c'.repeat(64)}` };
const subject = { ...heldJob, repeatable };
const stages = [stage('finance', 1, [user('bob')])];
const allows = { maxRuns: 5, maxDuration: '7d' };
const lasting = (changes: Partial<ApprovalPolicySpec> = {}) => policy('tiers', { stages, standing: allows, ...changes });
const agrees = (who: string, standing?: Standing) => decision(who, 'Approve', standing === undefined ? {} : { standing });
const twoRuns: Standing = { runs: 2, duration: '1h' };

const first = (changes: Parameters<typeof observation>[0] = {}): Observation =>
  observation({ subject, policies: [lasting()], decisions: [agrees('bob', twoRuns)], ...changes });

/** Another run of what `source` is about, once its status is written. */
function nextRun(source: Observation, changes: Parameters<typeof observation>[0] = {}): Observation {
  const { request } = settle(source);
  const carried = standingFacts('first', request.status);
  return observation({
    subject,
    policies: source.policies,
    standing: carried === undefined ? [] : [carried],
    ...changes,
    request: { uid: 'next-uid', name: 'next', ...changes.request },
  });
}

const claims = (of: Observation): string[] => plan(of).before.map((claim) => claim.source);

/** The same facts with this request counted among the uses. */
function counted(of: Observation): Observation {
  const use = { request: of.request.name, uid: of.request.uid, at: '2026-03-02T09:05:00Z' };
  return { ...of, standing: of.standing.map((s) => ({ ...s, standing: { ...s.standing, uses: [...s.standing.uses, use] } })) };
}

describe('a standing approval', () => {
  it('is given along with the approval, from when that was', () => {
    const until = '2026-03-02T10:05:00Z';
    expect(plan(first()).status.standing).toEqual({ runs: 2, until, ...repeatable, uses: [] });
  });

  it.each<[string, Partial<Observation>, { runs: number; until: string } | undefined]>([
    [
      'the least of what approvers say',
      {
        policies: [lasting({ stages: [stage('finance', 2, [user('bob'), user('carol')])] })],
        decisions: [agrees('bob', { runs: 4, duration: '30m' }), agrees('carol', { runs: 3, duration: '2h' })],
      },
      { runs: 3, until: '2026-03-02T09:35:00Z' },
    ],
    [
      'no more than the policy allows',
      { decisions: [agrees('bob', { runs: 100, duration: '30d' })] },
      { runs: 5, until: '2026-03-09T09:05:00Z' },
    ],
    [
      'no more than every policy allows',
      { policies: [lasting(), policy('other', { stages, standing: { maxRuns: 1, maxDuration: '1m' } })] },
      { runs: 1, until: '2026-03-02T09:06:00Z' },
    ],
    ['nothing where one policy does not allow it', { policies: [lasting(), policy('other', { stages })] }, undefined],
    [
      'nothing where one approver did not say so',
      {
        policies: [lasting({ stages: [stage('finance', 2, [user('bob'), user('carol')])] })],
        decisions: [agrees('bob', twoRuns), agrees('carol')],
      },
      undefined,
    ],
    ['nothing where nobody said so', { decisions: [agrees('bob')] }, undefined],
    ['nothing where what runs again is not known', { subject: heldJob }, undefined],
    [
      'nothing where nobody needed to be asked',
      { policies: [policy('auto', { standing: allows, autoApprove: [{ name: 'all', when: 'true' }] })] },
      undefined,
    ],
  ])('is %s', (_what, changes, expected) => {
    const { standing } = plan(first(changes)).status;
    if (expected === undefined) expect(standing).toBeUndefined();
    else expect(standing).toMatchObject(expected);
  });

  it('is nothing where it is not known who asked, though they might approve it themselves', () => {
    const policies = [lasting({ separation: { requesterMayApprove: true, distinctAcrossStages: true } })];
    const unknown = plan(first({ policies, request: { requester: { username: '', groups: [] } } }));
    expect(conditionOf(unknown, 'Approved')).toBe('True Approved');
    expect(unknown.status.standing).toBeUndefined();
  });

  it('is not given later, to what was approved without one', () => {
    const without = settle(first({ decisions: [agrees('bob')] }));
    const again = decision('bob', 'Approve', { standing: twoRuns, time: '2026-03-02T09:04:00Z' });
    expect(plan({ ...without, decisions: [...without.decisions, again] }).status.standing).toBeUndefined();
  });

  it('is as it was given, however long ago and whatever the policy allows by now', () => {
    const given = settle(first());
    const muchLater = plan({ ...given, now: minutes(600), policies: [lasting({ standing: { maxRuns: 1, maxDuration: '1m' } })] });
    expect(muchLater.status.standing).toEqual(given.request.status?.standing);
  });
});

describe('a standing approval ends', () => {
  const given = settle(first());
  const revokedBy = (changes: Partial<Observation>): string | undefined =>
    plan({ ...given, now: minutes(20), ...changes }).status.standing?.revokedBy;
  const no = (who: string, more: object = {}) => [...given.decisions, decision(who, 'Reject', { time: '2026-03-02T09:10:00Z', ...more })];

  it.each<[string, Partial<Observation>, string | undefined]>([
    ['by the no of whoever a stage asks', { decisions: no('bob') }, 'bob'],
    ['not by that of a stranger', { decisions: no('mallory') }, undefined],
    ['not by one of before it was approved', { decisions: no('bob', { time: '2026-03-02T09:00:30Z' }) }, undefined],
    ['not by one about another request of that name', { decisions: no('bob', { requestUid: 'older' }) }, undefined],
    ['not by a comment', { decisions: [...given.decisions, decision('bob', 'Comment', { time: '2026-03-02T09:10:00Z' })] }, undefined],
  ])('%s', (_what, changes, who) => {
    expect(revokedBy(changes)).toBe(who);
  });

  it('by its requester, who cancels it', () => {
    const cancelled = { ...given.request, spec: { ...given.request.spec, cancelled: true } };
    expect(revokedBy({ ...given, request: cancelled })).toBe('alice');
  });

  it('for good: whoever ended it stays on record though their decision be gone', () => {
    const ended = { ...given, request: { ...given.request, status: plan({ ...given, decisions: no('bob') }).status } };
    expect(plan({ ...ended, decisions: given.decisions }).status.standing?.revokedBy).toBe('bob');
  });

  it('and covers nothing from then on, also what it was counted for and is not approved yet', () => {
    const source = { ...given, decisions: no('bob') };
    expect(claims(nextRun(source))).toEqual([]);
    expect(conditionOf(plan(counted(nextRun(source))), 'Approved')).toBe('Unknown Reviewing');
  });
});

describe('a further run', () => {
  it('is counted first, and approved only then', () => {
    const run = nextRun(first());
    const waiting = plan(run);
    expect(waiting.before).toEqual([{ kind: 'claim', source: 'first' }]);
    expect(conditionOf(waiting, 'Approved')).toBe('Unknown Reviewing');
    expect(waiting.after).toEqual([]);
    const approved = plan(counted(run));
    expect(approved.before).toEqual([]);
    expect(conditionOf(approved, 'Approved')).toBe('True StandingApproval');
    expect(approved.status.approvedUnder).toBe('first');
    expect(approved.after).toEqual([{ kind: 'release', digest: digestA }]);
  });

  it('that was counted in time is approved, though the time be over since', () => {
    const run = { ...counted(nextRun(first())), now: minutes(600) };
    expect(conditionOf(plan(run), 'Approved')).toBe('True StandingApproval');
  });

  it('carries no standing approval of its own', () => {
    expect(plan(counted(nextRun(first()))).status.standing).toBeUndefined();
  });

  const full = (() => {
    const source = settle(first());
    const uses = ['one', 'two'].map((name) => ({ request: name, uid: `uid-${name}`, at: '2026-03-02T09:06:00Z' }));
    return { ...source, request: { ...source.request, status: withUses(source.request.status, uses) } };
  })();

  it.each<[string, Observation]>([
    ['once every run is used', nextRun(full)],
    ['once its time is over', { ...nextRun(first()), now: minutes(66) }],
    [
      'when it is of something else',
      nextRun(first(), { subject: { ...subject, repeatable: { ...repeatable, covers: 'operation other' } } }),
    ],
    ['when it runs something else', nextRun(first(), { subject: { ...subject, repeatable: { ...repeatable, content: digestA } } })],
    ['when what it runs is not known', nextRun(first(), { subject: heldJob })],
    ['when it has no digest', nextRun(first(), { subject: { exists: true, held: true, fault: 'numbers', repeatable } })],
    ["when it is a person's own request", nextRun(first(), { request: { governs: false } })],
    ['when its policy has changed', nextRun(first(), { policies: [policy('tiers', { stages, standing: allows }, { generation: 2 })] })],
    [
      'when its policy is another of that name',
      nextRun(first(), { policies: [policy('tiers', { stages, standing: allows }, { uid: 'u' })] }),
    ],
    ['when one more policy asks', nextRun(first(), { policies: [lasting(), policy('other', { stages, standing: allows })] })],
    [
      'when one policy less asks',
      nextRun(first({ policies: [lasting(), policy('two', { stages, standing: allows })] }), { policies: [lasting()] }),
    ],
    ['when it is cancelled', nextRun(first(), { spec: { cancelled: true } })],
    ['when it is a draft', nextRun(first(), { spec: { draft: true } })],
  ])('is not covered %s', (_what, run) => {
    expect(claims(run)).toEqual([]);
  });

  it('that nobody covers asks people as ever', () => {
    const run = nextRun(full);
    expect(conditionOf(plan(run), 'Approved')).toBe('Unknown Reviewing');
    expect(conditionOf(plan({ ...run, decisions: [decision('bob', 'Approve', { requestUid: 'next-uid' })] }), 'Approved')).toBe(
      'True Approved',
    );
  });

  it('is not counted once it is settled in another way', () => {
    const refused = settle(nextRun(full, { decisions: [decision('bob', 'Reject', { requestUid: 'next-uid' })] }));
    const free = nextRun(first());
    expect(claims({ ...refused, decisions: [], standing: free.standing })).toEqual([]);
  });

  it('is refused by a no, covered or not', () => {
    const run = counted(nextRun(first(), { decisions: [decision('bob', 'Reject', { requestUid: 'next-uid' })] }));
    expect(conditionOf(plan(run), 'Approved')).toBe('False Rejected');
  });

  it('waits for a freeze to end, and keeps its place', () => {
    const always = [{ name: 'always', schedule: '0 0 * * *', duration: '12h', timeZone: 'Etc/UTC' }];
    const run = counted(nextRun(first({ policies: [lasting({ freeze: always })] })));
    const frozen = plan(run);
    expect(conditionOf(frozen, 'Approved')).toBe('Unknown Reviewing');
    expect(frozen.wakeAt).toBe(Date.parse('2026-03-02T12:00:00Z'));
    expect(conditionOf(plan(later(run, { now: frozen.wakeAt! })), 'Approved')).toBe('True StandingApproval');
  });
});

describe('nobody stands for themselves', () => {
  const askedBy = (username: string, more: object = {}) => ({ request: { requester: { username, groups: [], ...more } } });

  it('by asking for what they have agreed to', () => {
    expect(claims(nextRun(first(), askedBy('carol')))).toEqual(['first']);
    expect(claims(nextRun(first(), askedBy('bob')))).toEqual([]);
  });

  it('by asking when it was agreed to in their stead', () => {
    const delegations = [{ name: 'd', from: 'bob', to: 'dan', groups: [], createdAt: '2026-03-01T00:00:00Z' }];
    const source = first({ decisions: [agrees('dan', twoRuns)], delegations: delegations as unknown as Observation['delegations'] });
    expect(plan(source).status.decisions).toMatchObject([{ approver: 'dan', onBehalfOf: 'bob', counted: true }]);
    for (const who of ['bob', 'dan']) expect(claims(nextRun(source, askedBy(who)))).toEqual([]);
    expect(claims(nextRun(source, askedBy('carol')))).toEqual(['first']);
  });

  it('where it is not known who asks', () => {
    expect(claims(nextRun(first(), askedBy('')))).toEqual([]);
  });

  it('unless the policy lets requesters approve', () => {
    const policies = [lasting({ separation: { requesterMayApprove: true, distinctAcrossStages: true } })];
    expect(claims(nextRun(first({ policies }), askedBy('bob')))).toEqual(['first']);
  });

  it('by way of those who were asked after an escalation', () => {
    const late = stage('finance', 1, [user('carol')], {
      timeout: '1m',
      onTimeout: 'Escalate',
      escalation: { from: [group('oncall')], count: 1 },
    });
    const source = later(first({ now: minutes(0), policies: [lasting({ stages: [late] })], decisions: [] }), {
      now: minutes(2),
      decisions: [decision('bob', 'Approve', { groups: ['oncall'], standing: twoRuns, time: '2026-03-02T09:01:30Z' })],
    });
    expect(conditionOf(plan(source), 'Approved')).toBe('True Approved');
    expect(claims(nextRun(source, { ...askedBy('bob'), now: minutes(2) }))).toEqual([]);
    expect(claims(nextRun(source, { ...askedBy('dora'), now: minutes(2) }))).toEqual(['first']);
  });
});

describe('an approval under rules that hang on who asks', () => {
  const strict = stage('security', 1, [user('sam')], { when: "!('dev' in requester.groups)" });
  const policies = [lasting({ stages: [...stages, strict] })];

  it('is of no use to whom they ask more of', () => {
    const source = first({ policies });
    expect(conditionOf(plan(source), 'Approved')).toBe('True Approved');
    const stranger = { request: { requester: { username: 'carol', groups: [] } } };
    expect(claims(nextRun(source, stranger))).toEqual([]);
    expect(claims(nextRun(source, { request: { requester: { username: 'carol', groups: ['dev'] } } }))).toEqual(['first']);
  });
});

function withUses(
  status: ApprovalRequestStatus | undefined,
  uses: NonNullable<ApprovalRequestStatus['standing']>['uses'],
): ApprovalRequestStatus {
  if (status?.standing === undefined) throw new Error('a standing approval is expected');
  return { ...status, standing: { ...status.standing, uses } };
}

describe('counting a use', () => {
  const status = plan(first()).status;
  const use = { request: 'next', uid: 'next-uid', now: minutes(6) };

  it('is one more, at that time', () => {
    expect(withUse(status, use)?.standing?.uses).toEqual([{ request: 'next', uid: 'next-uid', at: '2026-03-02T09:06:00Z' }]);
  });

  it.each<[string, ApprovalRequestStatus, typeof use]>([
    ['twice for the same request', withUse(status, use)!, use],
    [
      'beyond the last run',
      withUses(
        status,
        [1, 2].map((n) => ({ request: `r${n}`, uid: `u${n}`, at: '2026-03-02T09:06:00Z' })),
      ),
      use,
    ],
    ['when its time is over', status, { ...use, now: minutes(65) }],
    ['when somebody has ended it', { ...status, standing: { ...status.standing!, revokedBy: 'bob' } }, use],
    ['where there is none', plan(observation()).status, use],
  ])('is not done %s', (_what, before, one) => {
    expect(withUse(before, one)).toBeUndefined();
  });
});
