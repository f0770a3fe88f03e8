import { describe, expect, it } from 'vitest';
import { group, judged, observation, policy, settle, stage, user, withRules } from '../../test/fixtures/facts.ts';
import type { PolicyFacts } from './facts.ts';
import { whatIsAsked } from './resolve.ts';

const auto = [{ name: 'all', when: 'true' as const }];
const first = policy('a-first', { timeout: '2h', stages: [stage('s', 1, [user('bob')], { timeout: '1h' })] });
const second = policy('b-second', { autoApprove: auto }, { kind: 'ClusterApprovalPolicy', namespace: undefined });
const { spec } = observation().request;

/** What is asked now of a request that was submitted under `before`. */
function asked(before: PolicyFacts[], now: PolicyFacts[]) {
  const { status } = settle(observation({ policies: before })).request;
  return whatIsAsked(spec, judged(now), { policies: status!.policies, stages: status!.stages });
}

const names = (of: ReturnType<typeof whatIsAsked>) => of.policies.map((p) => `${p.name} ${p.generation} ${p.asSubmitted ? 'then' : 'now'}`);

describe('what is asked at submission', () => {
  it('is what every policy asks, those of the cluster first, in the order of their names, then what the request adds', () => {
    const own = { ...spec, stages: [stage('mine', 1, [user('carol')])] };
    for (const policies of [
      [first, second],
      [second, first],
    ]) {
      const of = whatIsAsked(own, judged(policies), undefined);
      expect(of.policies).toEqual([
        {
          kind: 'ClusterApprovalPolicy',
          name: 'b-second',
          uid: 'uid-b-second',
          generation: 1,
          asSubmitted: true,
          onRefusal: 'Fail',
          autoApproves: 'all',
        },
        {
          kind: 'ApprovalPolicy',
          namespace: 'payments',
          name: 'a-first',
          uid: 'uid-a-first',
          generation: 1,
          asSubmitted: true,
          onRefusal: 'Fail',
          timeout: '2h',
        },
      ]);
      expect(of.stages).toEqual([
        {
          name: 's',
          asSubmitted: true,
          rejections: 1,
          require: [{ count: 1, from: [{ user: 'bob' }] }],
          separation: { requesterMayApprove: false, distinctAcrossStages: true },
          policy: { kind: 'ApprovalPolicy', namespace: 'payments', name: 'a-first', generation: 1 },
          timeout: '1h',
        },
        {
          name: 'mine',
          asSubmitted: true,
          rejections: 1,
          require: [{ count: 1, from: [{ user: 'carol' }] }],
          separation: { requesterMayApprove: false, distinctAcrossStages: true },
        },
      ]);
    }
  });

  it.each<[string, boolean, boolean, PolicyFacts[]]>([
    ['nothing', false, false, []],
    ['a policy that agrees on its own', true, true, [second]],
    ['a policy that asks people', false, true, [first]],
    ['one of each', false, true, [first, second]],
    ['a policy that asks nobody', false, false, [policy('empty')]],
    ['one that agrees and one that asks nobody', false, false, [second, policy('empty')]],
    ['one that asks people and one that asks nobody', false, true, [first, policy('empty')]],
  ])('%s: agreed %s, answerable %s', (_what, agreed, answerable, policies) => {
    expect(whatIsAsked(spec, judged(policies), undefined)).toMatchObject({ agreed, answerable });
  });
});

describe('what is asked later', () => {
  it.each<[string, PolicyFacts[], PolicyFacts[], string[]]>([
    ['is listed once while nothing changes', [first], [first], ['a-first 1 then']],
    ['is listed once when it was written again with the same content', [first], [{ ...first, generation: 2 }], ['a-first 1 then']],
    [
      'is listed twice when a stage was changed',
      [first],
      [policy('a-first', { ...first.spec, stages: [stage('s', 1, [user('carol')], { timeout: '1h' })] }, { generation: 2 })],
      ['a-first 1 then', 'a-first 2 now'],
    ],
    [
      'is listed twice when a count was changed',
      [first],
      [policy('a-first', { ...first.spec, stages: [stage('s', 2, [user('bob')], { timeout: '1h' })] }, { generation: 2 })],
      ['a-first 1 then', 'a-first 2 now'],
    ],
    [
      'is listed twice when rejections were changed',
      [first],
      [policy('a-first', { ...first.spec, stages: [stage('s', 1, [user('bob')], { timeout: '1h', rejections: 2 })] }, { generation: 2 })],
      ['a-first 1 then', 'a-first 2 now'],
    ],
    [
      'is listed twice when a stage got another time',
      [first],
      [policy('a-first', { ...first.spec, stages: [stage('s', 1, [user('bob')])] }, { generation: 2 })],
      ['a-first 1 then', 'a-first 2 now'],
    ],
    [
      'is listed twice when separation was changed',
      [first],
      [policy('a-first', { ...first.spec, separation: { requesterMayApprove: true, distinctAcrossStages: true } }, { generation: 2 })],
      ['a-first 1 then', 'a-first 2 now'],
    ],
    [
      'is listed twice when its time was changed',
      [first],
      [policy('a-first', { ...first.spec, timeout: '1h' }, { generation: 2 })],
      ['a-first 1 then', 'a-first 2 now'],
    ],
    [
      'is listed twice when onRefusal was changed',
      [first],
      [policy('a-first', { ...first.spec, onRefusal: 'Keep' }, { generation: 2 })],
      ['a-first 1 then', 'a-first 2 now'],
    ],
    [
      'is listed twice when it agrees no more',
      [second],
      [{ ...second, ...withRules(), generation: 2 }],
      ['b-second 1 then', 'b-second 2 now'],
    ],
    [
      'is listed twice when the policy was deleted and made anew',
      [first],
      [{ ...first, uid: 'another' }],
      ['a-first 1 then', 'a-first 1 now'],
    ],
    ['stays when the policy is deleted', [first], [], ['a-first 1 then']],
    ['grows when another policy comes to match', [first], [first, second], ['a-first 1 then', 'b-second 1 now']],
    ['is only of now when no policy matched then', [], [first], ['a-first 1 now']],
  ])('%s', (_what, before, now, expected) => {
    expect(names(asked(before, now))).toEqual(expected);
  });

  it('has the stages of both versions of a policy, and nobody votes in them yet', () => {
    const changed = policy('a-first', { ...first.spec, stages: [stage('s', 1, [group('finance')])] }, { generation: 2 });
    const { stages } = asked([first], [changed]);
    expect(stages.map((s) => [s.asSubmitted, s.policy?.generation, s.require])).toEqual([
      [true, 1, [{ count: 1, from: [{ user: 'bob' }] }]],
      [false, 2, [{ count: 1, from: [{ group: 'finance' }] }]],
    ]);
  });

  it('stays what it was once those to whom it escalated have voted', () => {
    const escalating = policy('a-first', {
      stages: [stage('s', 1, [user('bob')], { timeout: '1h', onTimeout: 'Escalate', escalation: { from: [user('erin')], count: 1 } })],
    });
    const { policies, stages } = settle(observation({ policies: [escalating] })).request.status!;
    const voted = stages.map((s) => ({ ...s, escalation: { ...s.escalation!, approvedBy: ['erin'] } }));
    const now = whatIsAsked(spec, judged([escalating]), { policies, stages: voted });
    expect(names(now)).toEqual(['a-first 1 then']);
    expect(now.stages.map((s) => s.escalation)).toEqual([{ from: [user('erin')], count: 1 }]);
  });

  it("has the request's own stages as they are now, once", () => {
    const { status } = settle(observation({ policies: [first], spec: { stages: [stage('mine', 1, [user('carol')])] } })).request;
    const now = whatIsAsked({ ...spec, stages: [stage('other', 1, [user('dave')])] }, judged([first]), {
      policies: status!.policies,
      stages: status!.stages,
    });
    expect(now.stages.map((s) => s.name)).toEqual(['s', 'other']);
  });

  it('does not bring back what was asked in addition for a while only', () => {
    const stricter = policy('a-first', { ...first.spec, stages: [stage('s', 1, [user('carol')])] }, { generation: 2 });
    const before = settle(observation({ policies: [first] }));
    const { status } = settle({ ...before, policies: [stricter] }).request;
    expect(names(whatIsAsked(spec, judged([{ ...first, generation: 3 }]), { policies: status!.policies, stages: status!.stages }))).toEqual(
      ['a-first 1 then'],
    );
  });

  it.each<[string, boolean, boolean, PolicyFacts[], PolicyFacts[]]>([
    ['a policy that agrees on its own, written later', false, false, [], [second]],
    ['one that agreed and still does', true, true, [second], [second]],
    ['one that agreed and is gone', true, true, [second], []],
    ['one that asked people and is gone', false, true, [first], []],
    ['one that asked people and now asks nobody', false, false, [first], [policy('a-first', {}, { generation: 2 })]],
    ['one that asked people and now agrees', false, true, [first], [policy('a-first', { autoApprove: auto }, { generation: 2 })]],
    ['one that asked nobody, and another that asks people', false, true, [policy('empty')], [policy('empty'), first]],
  ])('%s: agreed %s, answerable %s', (_what, agreed, answerable, before, now) => {
    expect(asked(before, now)).toMatchObject({ agreed, answerable });
  });
});
