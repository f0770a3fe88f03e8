import { describe, expect, it } from 'vitest';
import {
  conditionOf,
  decision,
  digestA,
  digestB,
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
import { evaluate } from './evaluate.ts';
import { nobodyMay } from './facts.ts';
import { plan } from './plan.ts';

const auto = [{ name: 'all', when: 'true' as const }];
const kinds = (facts: Parameters<typeof plan>[0]) => plan(facts).after.map((effect) => effect.kind);

describe('the verdict', () => {
  it.each<[string, Parameters<typeof observation>[0]]>([
    ['Pending', {}],
    ['Approved', { decisions: [decision('bob')] }],
    ['Rejected', { decisions: [decision('bob', 'Reject')] }],
    ['AutoApproved', { policies: [policy('auto', { autoApprove: auto })] }],
    ['NobodyAsked', { policies: [policy('empty')] }],
    ['NoPolicy', { policies: [] }],
    [
      'NoPolicy',
      { missingPolicies: [{ kind: 'ApprovalPolicy', namespace: 'payments', name: 'lost' }], decisions: [decision('bob', 'Reject')] },
    ],
    ['Expired', { now: minutes(61), spec: { timeout: '1h' }, request: { status: plan(observation({ now: minutes(0) })).status } }],
  ])('is %s', (verdict, changes) => {
    expect(evaluate(observation(changes)).verdict).toBe(verdict);
  });

  it.each([
    ['no policy', { policies: [] }],
    ['policies that ask nobody', { policies: [policy('empty')] }],
    ['a policy that is missing', { missingPolicies: [{ kind: 'ApprovalPolicy' as const, namespace: 'payments', name: 'lost' }] }],
  ])('is Expired in the end with %s', (_what, changes) => {
    const asked = observation({ now: minutes(0), spec: { timeout: '1h' }, ...changes });
    expect(plan(later(asked, { now: minutes(60) })).status.phase).toBe('Expired');
  });

  it('of a rejection comes before that of automatic agreement', () => {
    const policies = [policy('both', { autoApprove: auto, stages: [stage('any', 1, [user('bob')])] })];
    expect(evaluate(observation({ policies, decisions: [decision('bob', 'Reject')] })).verdict).toBe('Rejected');
  });
});

describe('work that every policy agrees to but that cannot be digested', () => {
  const undigested = (now: number) =>
    observation({
      now,
      policies: [policy('auto', { autoApprove: auto })],
      subject: { exists: true, held: true, fault: 'numbers' },
      spec: { timeout: '1h' },
    });

  it('holds, and says what to mend', () => {
    const planned = plan(undigested(minutes(0)));
    expect(planned.after).toEqual([]);
    expect(conditionOf(planned, 'Approved')).toBe('Unknown NobodyAsked');
    expect(planned.status.phase).toBe('Submitted');
    expect(planned.status.conditions.find((c) => c.type === 'Approved')?.message).toBe('Held: numbers');
  });

  it('expires like any other, instead of asking to be looked at again at a time that has passed', () => {
    const late = plan(later(undigested(minutes(0)), { now: minutes(61) }));
    expect(late.status.phase).toBe('Expired');
    expect(late.wakeAt).toBeUndefined();
  });

  it('wakes at a moment still to come for as long as it is open', () => {
    expect(plan(undigested(minutes(0))).wakeAt).toBe(minutes(60));
  });
});

describe("a request's own stages", () => {
  const own = [stage('mine', 1, [user('mallory')])];

  it('are asked in addition to what the policies ask', () => {
    const asked = observation({ spec: { stages: own } });
    expect(kinds({ ...asked, decisions: [decision('bob')] })).toEqual([]);
    expect(kinds({ ...asked, decisions: [decision('mallory')] })).toEqual([]);
    expect(kinds({ ...asked, decisions: [decision('bob'), decision('mallory')] })).toEqual(['release']);
  });

  it('are asked where every policy would have agreed on its own', () => {
    const asked = observation({ policies: [policy('auto', { autoApprove: auto })], spec: { stages: own } });
    expect(kinds(asked)).toEqual([]);
    expect(kinds({ ...asked, decisions: [decision('mallory')] })).toEqual(['release']);
  });

  it('are never asked instead: under a policy that asks nobody, a friend of the requester is of no use', () => {
    const asked = observation({ policies: [policy('empty')], spec: { stages: own }, decisions: [decision('mallory')] });
    expect(kinds(asked)).toEqual([]);
    expect(conditionOf(plan(asked), 'Approved')).toBe('Unknown NobodyAsked');
  });

  it('never let the requester approve, as nobody said that they may', () => {
    const asked = observation({ spec: { stages: [stage('mine', 1, [user('alice'), user('carol')])] } });
    expect(kinds({ ...asked, decisions: [decision('bob'), decision('alice')] })).toEqual([]);
    expect(kinds({ ...asked, decisions: [decision('bob'), decision('carol')] })).toEqual(['release']);
  });
});

describe('a policy written after the request', () => {
  it('approves nothing on its own: what it would have let through needs a new request', () => {
    const unmatched = observation({ policies: [] });
    expect(conditionOf(plan(unmatched), 'PolicyMatched')).toBe('False NoPolicy');
    const written = later(unmatched, { policies: [policy('auto', { autoApprove: auto })] });
    expect(kinds(written)).toEqual([]);
    expect(conditionOf(plan(written), 'Settled')).toBeUndefined();
  });

  it('may ask people, whose agreement counts', () => {
    const written = later(observation({ policies: [] }), { policies: [policy('late', { stages: [stage('any', 1, [user('bob')])] })] });
    expect(kinds(written)).toEqual([]);
    expect(kinds({ ...written, decisions: [decision('bob')] })).toEqual(['release']);
  });

  it('holds what is open when it is changed to ask nobody and agree to nothing', () => {
    const locked = later(observation(), { policies: [policy('tiers', {}, { generation: 2 })], decisions: [decision('bob')] });
    expect(kinds(locked)).toEqual([]);
  });

  it('bites though its generation is the one on record, when the record lost what it asks', () => {
    const asked = settle(observation());
    const status = {
      ...asked.request.status!,
      stages: [],
      policies: asked.request.status!.policies.map((p) => ({ ...p, autoApproves: 'forged' })),
    };
    const forged = { ...asked, request: { ...asked.request, status } };
    expect(kinds(forged)).toEqual([]);
    expect(kinds({ ...forged, decisions: [decision('bob')] })).toEqual(['release']);
  });
});

describe('more than a status can list', () => {
  /** Each asks one person in each of its stages. */
  const wide = (policies: number, stages: number) =>
    Array.from({ length: policies }, (_, p) =>
      policy(`p${p}`, { stages: Array.from({ length: stages }, (_unused, s) => stage(`s${s}`, 1, [user(`u${p}-${s}`)])) }),
    );
  const yesOfAll = (of: ReturnType<typeof wide>) =>
    of.flatMap((p) => (p.spec.stages ?? []).flatMap((s) => s.require.flatMap((r) => r.from.map((who) => decision(who.user ?? '')))));
  const held = (facts: Parameters<typeof plan>[0]) => {
    const { status } = plan(facts);
    return [conditionOf(plan(facts), 'Approved'), status.conditions.find((c) => c.type === 'Approved')?.message];
  };

  it('holds, however many agree, and says how many apply, how many fit and what to do', () => {
    const policies = wide(5, 16);
    const asked = settle(observation({ policies }));
    expect(asked.request.status?.stages).toHaveLength(64);
    const all = { ...asked, decisions: yesOfAll(policies) };
    expect(kinds(all)).toEqual([]);
    expect(held(all)).toEqual([
      'Unknown TooManyPolicies',
      '5 policies with 80 stages apply, and at most 64 of either fit, so it holds. Join their stages, or have fewer policies match it ' +
        'and ask anew. One that was changed since this was submitted counts twice.',
    ]);
    expect(conditionOf(plan(all), 'Released')).toBe('False Held');
  });

  it.each([
    ['as many stages as fit', 4, 16, ['release']],
    ['as many policies as fit', 64, 1, ['release']],
    ['a policy too many', 65, 1, []],
  ])('%s: %s policies of %s stages', (_what, policies, stages, done) => {
    const all = wide(policies, stages);
    expect(kinds({ ...settle(observation({ policies: all })), decisions: yesOfAll(all) })).toEqual(done);
  });

  it('is not approved by rules alone either, not even once fewer apply', () => {
    const automatic = Array.from({ length: 65 }, (_, i) => policy(`p${i}`, { autoApprove: auto }));
    const asked = settle(observation({ policies: automatic }));
    expect(held(asked)[0]).toBe('Unknown TooManyPolicies');
    expect(kinds({ ...asked, policies: automatic.slice(0, 1) })).toEqual([]);
    expect(conditionOf(plan({ ...asked, policies: automatic.slice(0, 1) }), 'Approved')).toBe('Unknown NobodyAsked');
  });

  it('asks the people of those that are left, once fewer apply', () => {
    const fewer = later(observation({ policies: wide(65, 1) }), { policies: wide(2, 1) });
    expect(conditionOf(plan(fewer), 'Approved')).toBe('Unknown Reviewing');
    expect(kinds({ ...fewer, decisions: [decision('u0-0')] })).toEqual([]);
    expect(kinds({ ...fewer, decisions: yesOfAll(wide(2, 1)) })).toEqual(['release']);
  });

  it('holds where policies that were changed are too many with what they were', () => {
    const before = wide(4, 16);
    const changed = later(observation({ policies: before }), {
      policies: [...before.slice(1), policy('p0', { ...before[0]?.spec, timeout: '2h' })],
    });
    expect(kinds({ ...changed, decisions: yesOfAll(before) })).toEqual([]);
    expect(held(changed)[1]).toContain('5 policies with 80 stages apply');
    // What they were stays on record, whatever comes on top.
    expect(plan(changed).status.stages.every((s) => s.asSubmitted)).toBe(true);
  });

  it('approved before they were too many, is not let go', () => {
    const before = wide(1, 1);
    const approved = settle({ ...observation({ policies: before }), decisions: yesOfAll(before) });
    expect(kinds(approved)).toEqual(['release']);
    expect(kinds({ ...approved, policies: wide(65, 1), decisions: yesOfAll(wide(65, 1)) })).toEqual([]);
  });

  it('can be rejected, overridden and expire like anything that waits', () => {
    const policies = wide(65, 1);
    const at = (more: object) => plan(observation({ policies, ...more })).status.phase;
    expect(at({ decisions: [decision('u64-0', 'Reject')] })).toBe('Rejected');
    const asked = observation({ policies, now: minutes(0), spec: { timeout: '1h' } });
    expect(plan(later(asked, { now: minutes(60) })).status.phase).toBe('Expired');
    const permissions = { ...nobodyMay, may: () => true };
    const two = ['eve', 'mia'].map((who) => decision(who, 'Override', { ticket: 'INC-1' }));
    expect(kinds(observation({ policies, permissions, decisions: two }))).toEqual(['release']);
  });
});

describe("a stage's time", () => {
  const policies = [policy('timed', { timeout: '2h', stages: [stage('any', 1, [user('bob')], { timeout: '30m' })] })];
  const asked = settle(observation({ now: minutes(0), policies }));
  const at = (minute: number, verdict: 'Approve' | 'Reject' = 'Approve') =>
    decision('bob', verdict, { time: new Date(minutes(minute)).toISOString() });

  it('is over for approvals given later, even if nobody was there to say so when it ended', () => {
    const late = { ...asked, now: minutes(50), decisions: [at(45)] };
    expect(plan(late).status.phase).toBe('Expired');
    expect(plan(late).status.decisions).toMatchObject([{ counted: false, ignoredBecause: 'Late' }]);
  });

  it('is kept by an approval given in time but seen late', () => {
    expect(kinds({ ...asked, now: minutes(50), decisions: [at(29)] })).toEqual(['release']);
  });

  it('is kept by somebody who says the same again later', () => {
    expect(kinds({ ...asked, now: minutes(50), decisions: [at(29), at(45)] })).toEqual(['release']);
  });

  it('is not kept by somebody who said no in between', () => {
    expect(kinds({ ...asked, now: minutes(50), decisions: [at(20), at(25, 'Reject'), at(45)] })).not.toContain('release');
  });

  it('begins when the stage does, not with the request', () => {
    const two = [policy('two', { stages: [stage('first', 1, [user('bob')]), stage('second', 1, [user('carol')], { timeout: '30m' })] })];
    const waiting = settle(observation({ now: minutes(0), policies: two }));
    const [first, second] = waiting.request.status!.stages;
    expect([first?.activeSince, second?.activeSince, second?.deadline]).toEqual(['2026-03-02T09:00:00Z', undefined, undefined]);
    const active = settle({ ...waiting, now: minutes(60), decisions: [decision('bob')] });
    expect(active.request.status!.stages[1]).toMatchObject({
      state: 'Active',
      activeSince: '2026-03-02T10:00:00Z',
      deadline: '2026-03-02T10:30:00Z',
    });
    expect(plan({ ...active, now: minutes(89) }).status.phase).toBe('Reviewing');
    expect(plan({ ...active, now: minutes(90) }).status.phase).toBe('Expired');
  });

  it('never ends after that of the request', () => {
    const short = [policy('short', { timeout: '10m', stages: [stage('any', 1, [user('bob')], { timeout: '30m' })] })];
    expect(plan(observation({ now: minutes(0), policies: short })).status.stages[0]?.deadline).toBe('2026-03-02T09:10:00Z');
  });
});

describe('times and durations that cannot be read', () => {
  it('hold rather than throw, and let nothing through sooner', () => {
    const status = { ...plan(observation()).status, submittedAt: 'yesterday' };
    const policies = [policy('odd', { timeout: '', stages: [stage('any', 1, [user('bob')], { timeout: 'soon' })] })];
    expect(plan(observation({ policies, request: { status }, spec: { timeout: 'x' } })).after).toEqual([]);
  });

  it('make a decision late', () => {
    const planned = plan(observation({ decisions: [decision('bob', 'Approve', { time: 'once' })] }));
    expect(planned.after).toEqual([]);
    expect(planned.status.decisions).toMatchObject([{ ignoredBecause: 'Late' }]);
  });
});

describe('who counts', () => {
  it('is nobody without a name, whatever groups they bring', () => {
    const policies = [policy('crowd', { stages: [stage('any', 1, [group('finance')])] })];
    const planned = plan(observation({ policies, decisions: [decision('', 'Approve', { groups: ['finance'] })] }));
    expect(planned.after).toEqual([]);
    expect(planned.status.decisions).toEqual([]);
  });

  it('is nobody while it is not known who asked, as it may have been them', () => {
    const unknown = { requester: { username: '', groups: [] } };
    const waiting = observation({ request: unknown, decisions: [decision('bob')] });
    expect(kinds(waiting)).toEqual([]);
    expect(conditionOf(plan(waiting), 'Approved')).toBe('Unknown RequesterUnknown');
    const anybody = policy('open', {
      separation: { requesterMayApprove: true, distinctAcrossStages: true },
      stages: [stage('any', 1, [user('bob')])],
    });
    expect(kinds(observation({ request: unknown, policies: [anybody], decisions: [decision('bob')] }))).toEqual(['release']);
  });

  it('is nobody either by a rule that lets go whatever certain people do not ask for', () => {
    const policies = [policy('auto', { autoApprove: [{ name: 'staff', when: "!('contractors' in requester.groups)" }] })];
    expect(kinds(observation({ policies }))).toEqual(['release']);
    expect(kinds(observation({ policies, request: { requester: { username: '', groups: [] } } }))).toEqual([]);
  });

  it('is whom RBAC allows to approve under that very policy, with the groups they have now', () => {
    const policies = [policy('rbac', { stages: [stage('any', 1, [{ permission: 'approve' }])] })];
    const permissions = {
      ...nobodyMay,
      mayApprove: (who: string, of: { name: string }, groups: readonly string[]) =>
        who === 'bob' && of.name === 'rbac' && groups.includes('ops'),
    };
    const asked = observation({ policies, permissions });
    expect(kinds({ ...asked, decisions: [decision('bob', 'Approve', { groups: ['ops'] })] })).toEqual(['release']);
    expect(kinds({ ...asked, decisions: [decision('bob')] })).toEqual([]);
    expect(
      kinds({ ...asked, policies: [policy('other', policies[0]?.spec)], decisions: [decision('bob', 'Approve', { groups: ['ops'] })] }),
    ).toEqual([]);
  });

  it('is not whoever says no, while more noes are needed', () => {
    const policies = [policy('p', { stages: [stage('any', 1, [user('bob'), user('carol')], { rejections: 2 })] })];
    const planned = plan(observation({ policies, decisions: [decision('bob', 'Reject')] }));
    expect(planned.status.approvals).toBe('0/1');
    expect(planned.after).toEqual([]);
  });

  it('is not a stranger who says no', () => {
    const planned = plan(observation({ decisions: [decision('mallory', 'Reject')] }));
    expect(planned.status.phase).toBe('Reviewing');
    expect(planned.status.decisions).toMatchObject([{ counted: false, ignoredBecause: 'NotQualified' }]);
  });

  it.each<[string, object]>([
    ['an entry that names nobody', {}],
    ['an entry with a permission that there is not', { permission: 'view' }],
  ])('is nobody by %s', (_what, entry) => {
    const policies = [policy('odd', { stages: [stage('any', 1, [entry])] })];
    const permissions = { ...nobodyMay, mayApprove: () => true };
    expect(kinds(observation({ policies, permissions, decisions: [decision('bob')] }))).toEqual([]);
  });

  it('is nobody in a stage without places, which is never satisfied', () => {
    const policies = [policy('odd', { stages: [{ name: 'empty', rejections: 1, onTimeout: 'Expire', require: [] }] })];
    expect(kinds(observation({ policies, decisions: [decision('bob')] }))).toEqual([]);
  });

  it('is nobody who agreed to what is not what would run now, whatever was on record', () => {
    const asked = settle(observation());
    const changed = { ...asked, subject: { ...asked.subject, digest: digestB }, decisions: [decision('bob')] };
    expect(asked.request.status?.subjectDigest).toBe(digestA);
    expect(plan(changed).after).toEqual([]);
    expect(plan(changed).status.subjectDigest).toBe(digestB);
    const seen = { ...changed, request: { ...changed.request, status: plan(changed).status }, now: minutes(7) };
    const after = { digest: digestB, time: '2026-03-02T09:06:00Z' };
    expect(kinds({ ...seen, decisions: [decision('bob', 'Approve', after)] })).toEqual(['release']);
  });

  it('is nobody who agreed to what has been something else in between', () => {
    const asked = settle(observation());
    const changed = settle({ ...asked, subject: { ...asked.subject, digest: digestB } });
    const back = settle({ ...changed, subject: asked.subject, now: minutes(10) });
    const planned = plan({ ...back, decisions: [decision('bob')] });
    expect(planned.after).toEqual([]);
    expect(planned.status.decisions).toMatchObject([{ counted: false, ignoredBecause: 'DigestChanged' }]);
  });

  it('says when others have filled every place already', () => {
    const policies = [policy('one', { stages: [stage('any', 1, [user('bob'), user('carol')])] })];
    const early = decision('bob', 'Approve', { time: '2026-03-02T09:01:00Z' });
    const second = decision('carol', 'Approve', { time: '2026-03-02T09:02:00Z' });
    expect(plan(observation({ policies, decisions: [second, early] })).status.decisions).toMatchObject([
      { approver: 'bob', counted: true },
      { approver: 'carol', counted: false, ignoredBecause: 'PlaceTaken' },
    ]);
  });

  it('lets the requester reject their own request where they are asked', () => {
    const policies = [policy('own', { stages: [stage('any', 1, [user('alice'), user('bob')])] })];
    expect(plan(observation({ policies, decisions: [decision('alice', 'Reject')] })).status.phase).toBe('Rejected');
  });

  it('counts somebody in each stage where a policy says that stages share people', () => {
    const separation = { requesterMayApprove: false, distinctAcrossStages: false };
    const policies = [policy('shared', { separation, stages: [stage('a', 1, [user('bob')]), stage('b', 1, [user('bob')])] })];
    expect(kinds(observation({ policies, decisions: [decision('bob')] }))).toEqual(['release']);
  });

  it('counts somebody for each policy that asks them', () => {
    const policies = [policy('one', { stages: [stage('a', 1, [user('bob')])] }), policy('two', { stages: [stage('a', 1, [user('bob')])] })];
    expect(kinds(observation({ policies, decisions: [decision('bob')] }))).toEqual(['release']);
  });
});

describe('the status', () => {
  it('names a stage Skipped where nobody needed to be asked, Waiting before its turn', () => {
    const stages = [stage('a', 1, [user('bob')]), stage('b', 1, [user('carol')])];
    expect(evaluate(observation({ policies: [policy('p', { stages })] })).stages.map((s) => s.state)).toEqual(['Active', 'Waiting']);
    expect(evaluate(observation({ policies: [policy('p', { autoApprove: auto, stages })] })).stages.map((s) => s.state)).toEqual([
      'Skipped',
      'Skipped',
    ]);
  });

  it('keeps what a decision said', () => {
    const said = decision('bob', 'Approve', { reason: 'fine', ticket: 'CHG-1' });
    expect(evaluate(observation({ decisions: [said] })).decisions).toEqual([
      {
        name: said.name,
        verdict: 'Approve',
        approver: 'bob',
        via: 'Kubernetes',
        reason: 'fine',
        ticket: 'CHG-1',
        time: said.time,
        digest: digestA,
        counted: true,
      },
    ]);
  });
});

describe('a policy that speaks of Jobs alone, of a GovernedJob', () => {
  const resource = { apiVersion: 'countersign.dev/v1alpha1' as const, kind: 'GovernedJob' as const, name: 'g', uid: 'u' };
  const asked = (image: string | undefined) =>
    observation({
      spec: { subject: { resource } },
      subject: {
        ...heldJob,
        object: { kind: 'GovernedJob', spec: { operation: 'wire' } },
        ...(image === undefined ? {} : { job: { kind: 'Job', spec: { template: { spec: { containers: [{ image }] } } } } }),
      },
      policies: [
        policy('images', {
          validations: [{ expression: "!object.spec.template.spec.containers[0].image.endsWith(':latest')", message: 'never latest' }],
          autoApprove: [{ name: 'tool', when: "object.spec.template.spec.containers[0].image == 'tool:1'" }],
          stages: [stage('any', 1, [user('bob')], { when: "object.kind == 'Job'" })],
        }),
      ],
    });

  it.each([
    ['lets run what its Job may do without asking', 'tool:1', 'AutoApproved'],
    ['asks about any other Job', 'tool:2', 'Pending'],
    ['refuses what its Job must not be', 'tool:latest', 'PolicyViolation'],
    ['holds while there is no Job', undefined, 'Faulty'],
  ])('%s', (_what, image, verdict) => {
    expect(evaluate(asked(image)).verdict).toBe(verdict);
  });
});
