import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Stage, type ApproverRef } from '../../../crds/v1alpha1/index.ts';
import { ownStageFaults, quorumFaults } from './quorum.ts';

interface Line {
  count: number;
  from: ApproverRef[];
}

const users = (...names: string[]): ApproverRef[] => names.map((user) => ({ user }));
const line = (count: number, ...from: ApproverRef[]): Line => ({ count, from });
const stage = (name: string, require: Line[], more: object = {}): Stage => Stage.parse({ name, require, ...more });
const faultsOf = (stages: Stage[], distinctAcrossStages = true): string[] =>
  quorumFaults({ stages, separation: { requesterMayApprove: false, distinctAcrossStages } }).map(
    ({ path, message }) => `${path}: ${message}`,
  );

const [bob, carol, dan] = [{ user: 'bob' }, { user: 'carol' }, { user: 'dan' }];
const escalating = (count: number, ...from: ApproverRef[]): object => ({
  timeout: '1h',
  onTimeout: 'Escalate',
  escalation: { from, count },
});
const robot = { serviceAccount: { namespace: 'ci', name: 'robot' } };

describe('a policy that somebody can satisfy', () => {
  it.each<[string, Stage[], boolean?]>([
    ['asks nobody', []],
    ['asks as many as it names', [stage('a', [line(2, bob, carol)])]],
    ['asks more than it names, of whom nobody can know', [stage('a', [line(5, bob, { group: 'finance' })])]],
    ['asks whoever has the permission', [stage('a', [line(5, { permission: 'approve' })])]],
    ['gives the only one to the narrow place', [stage('a', [line(1, bob, carol), line(1, bob)])]],
    ['asks the same person in stages that are counted apart', [stage('a', [line(1, bob)]), stage('b', [line(1, bob)])], false],
    [
      'asks the same person in stages of which only one may apply',
      [stage('a', [line(1, bob)], { when: 'a' }), stage('b', [line(1, bob)], { when: 'b' })],
    ],
    ['asks a service account and a user', [stage('a', [line(2, robot, bob)])]],
    ['escalates to a group where its own people are not enough', [stage('a', [line(1, bob), line(1, bob)], escalating(2, { group: 'x' }))]],
    ['escalates to fewer than its own people would have to be', [stage('a', [line(1, bob), line(1, bob)], escalating(1, bob))]],
    [
      'escalates to somebody else where its own people are needed before',
      [stage('a', [line(1, bob)]), stage('b', [line(1, bob)], escalating(1, carol))],
    ],
  ])('%s', (_name, stages, distinct) => {
    expect(faultsOf(stages, distinct)).toEqual([]);
  });
});

describe('a policy that nobody can satisfy', () => {
  it.each<[string, Stage[], RegExp, boolean?]>([
    [
      'asks two of one',
      [stage('a', [line(2, bob)])],
      /^spec\.stages\[0\]\.require\[0\]\.count: was 2, but from names only 1 person \(bob\)/,
    ],
    [
      'names one person in two ways',
      [stage('a', [line(2, robot, { user: 'system:serviceaccount:ci:robot' })])],
      /^spec\.stages\[0\]\.require\[0\]\.count: was 2, .*only 1 person/,
    ],
    [
      'needs the same person twice in a stage',
      [stage('a', [line(1, bob), line(1, bob)])],
      /^spec\.stages\[0\]\.require\[1\]: .*together with spec\.stages\[0\]\.require\[0\],.*1 person \(bob\)/,
    ],
    [
      'needs them twice in a stage, stages apart or not',
      [stage('a', [line(1, bob), line(1, bob)])],
      /^spec\.stages\[0\]\.require\[1\]: /,
      false,
    ],
    [
      'needs three of two over all stages',
      [stage('a', [line(1, bob, carol)]), stage('b', [line(1, bob, carol)]), stage('c', [line(1, carol, bob)])],
      /^spec\.stages\[2\]\.require\[0\]: .*for 3 different people, but there are only 2 people \(.*\)/,
    ],
    [
      'needs in a stage that may apply whom another always needs',
      [stage('a', [line(1, bob)]), stage('b', [line(1, bob)], { when: 'b' })],
      /^spec\.stages\[1\]\.require\[0\]: /,
    ],
    [
      'escalates to nobody but who is needed before',
      [stage('a', [line(1, bob)]), stage('b', [line(1, bob)], escalating(1, bob))],
      /^spec\.stages\[1\]: nobody can satisfy it: it asks, together with spec\.stages\[0\]\.require\[0\], for 2 different people/,
    ],
    [
      'escalates to fewer than it asks',
      [stage('a', [line(1, { group: 'x' })], { timeout: '1h', onTimeout: 'Escalate', escalation: { from: users('bob'), count: 2 } })],
      /^spec\.stages\[0\]\.escalation\.count: was 2, but from names only 1 person/,
    ],
  ])('%s', (_name, stages, fault, distinct) => {
    expect(faultsOf(stages, distinct)).toEqual([expect.stringMatching(fault)]);
  });

  it('is a request as well, which cannot say that its stages are counted apart', () => {
    const own = [stage('a', [line(1, bob)]), stage('b', [line(1, bob)])].map(({ name, require, rejections }) => ({
      name,
      require,
      rejections,
    }));
    const [fault, ...more] = ownStageFaults(own);
    expect(more).toEqual([]);
    expect(fault).toEqual({
      path: 'spec.stages[1].require[0]',
      message: expect.stringMatching(/only 1 person \(bob\); ask for fewer, or add people or a group$/),
    });
  });

  it('names only some of very many people', () => {
    const many = users(...Array.from({ length: 60 }, (_, i) => `${'x'.repeat(20)}${i}`));
    const [fault] = faultsOf([stage('a', [line(40, ...many)]), stage('b', [line(40, ...many)])]);
    expect(fault).toContain('60 people');
    expect(fault).toContain('and 55 more');
    expect(fault!.length).toBeLessThan(600);
  });

  it('does not take for ever to find out, however large it is', () => {
    const from = (stageNumber: number, requirement: number) =>
      users(...Array.from({ length: 64 }, (_, i) => `u${(stageNumber * 61 + requirement * 7 + i) % 500}`));
    const stages = Array.from({ length: 16 }, (_, s) =>
      stage(
        `s${s}`,
        Array.from({ length: 8 }, (_, r) => line(60, ...from(s, r))),
      ),
    );
    expect(faultsOf(stages)).toEqual([]);
  });
});

/** Whether all places can be filled by different people, by trying everything. */
function canFill(places: readonly string[][], used: ReadonlySet<string> = new Set()): boolean {
  const [first, ...rest] = places;
  if (first === undefined) return true;
  return first.some((name) => !used.has(name) && canFill(rest, new Set([...used, name])));
}

describe('whether somebody can satisfy it', () => {
  const names = fc.uniqueArray(fc.constantFrom(bob, carol, dan, { user: 'eve' }), { minLength: 1 });
  const lines = fc.record({ count: fc.integer({ min: 1, max: 2 }), from: names });
  const stages = fc.array(fc.record({ require: fc.array(lines, { minLength: 1, maxLength: 2 }), always: fc.boolean() }), { maxLength: 3 });

  it('is what trying everything says', () => {
    fc.assert(
      fc.property(stages, fc.boolean(), (given, distinct) => {
        const made = given.map(({ require, always }, i) => stage(`s${i}`, require, always ? {} : { when: 'w' }));
        const places = (of: typeof given): string[][] =>
          of.flatMap((s) => s.require.flatMap((l) => Array.from({ length: l.count }, () => l.from.map((f) => f.user))));
        const always = given.filter((s) => s.always);
        const groups = distinct ? [always, ...given.filter((s) => !s.always).map((s) => [...always, s])] : given.map((s) => [s]);
        expect(faultsOf(made, distinct).length === 0).toBe(groups.every((group) => canFill(places(group))));
      }),
    );
  });

  it('is never denied of stages of which some escalation can do it', () => {
    const list = names.chain((from) =>
      fc.record({ count: fc.integer({ min: 1, max: Math.min(2, from.length) }), from: fc.constant(from) }),
    );
    const escalations = fc.option(list, { nil: undefined });
    const some = fc.array(fc.record({ require: fc.array(list, { minLength: 1, maxLength: 2 }), escalation: escalations }), {
      maxLength: 3,
    });
    const places = (lists: readonly { count: number; from: { user: string }[] }[]): string[][] =>
      lists.flatMap(({ count, from }) => Array.from({ length: count }, () => from.map(({ user }) => user)));
    fc.assert(
      fc.property(some, (given) => {
        const made = given.map(({ require, escalation }, i) =>
          stage(`s${i}`, require, escalation === undefined ? {} : escalating(escalation.count, ...escalation.from)),
        );
        const ways = given.reduce<string[][][]>(
          (before, { require, escalation }) =>
            [require, ...(escalation === undefined ? [] : [[escalation]])].flatMap((way) => before.map((all) => [...all, ...places(way)])),
          [[]],
        );
        if (ways.some((way) => canFill(way))) expect(faultsOf(made)).toEqual([]);
      }),
    );
  });
});
