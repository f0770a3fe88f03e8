import { describe, expect, it } from 'vitest';
import { decision, group, heldJob, minutes, observation, policy, settle, stage, user } from '../../test/fixtures/facts.ts';
import { evaluate } from './evaluate.ts';
import { describeApprover, describeFrom, describeOpen, missingVotes } from './explain.ts';
import { isUndecided } from './stageStates.ts';

describe('an approver in words', () => {
  it.each([
    [{ user: 'cfo@corp' }, 'user cfo@corp'],
    [{ group: 'finance' }, 'group finance'],
    [{ serviceAccount: { namespace: 'ci', name: 'bot' } }, 'system:serviceaccount:ci:bot'],
    [{ permission: 'approve' as const }, 'whoever may approve under this policy'],
  ])('%j is %s', (entry, words) => {
    expect(describeApprover(entry)).toBe(words);
  });

  it('and several are joined', () => {
    expect(describeFrom({ from: [{ user: 'a' }, { group: 'b' }] })).toBe('user a or group b');
  });
});

describe('why nothing is settled', () => {
  const say = (...changes: Parameters<typeof observation>) => {
    const facts = observation(...changes);
    return describeOpen(evaluate(facts), facts);
  };
  const two = policy('two', {
    stages: [stage('finance', 2, [group('finance')]), stage('security', 1, [user('carol'), group('security')])],
  });

  it.each<[string, Parameters<typeof observation>]>([
    ['Held: numbers', [{ subject: { exists: true, held: true, fault: 'numbers' } }]],
    [
      'These policies apply but do not exist: ApprovalPolicy payments/lost. It holds until they are written again; ' +
        'or delete Job wire and create it again.',
      [{ missingPolicies: [{ kind: 'ApprovalPolicy', namespace: 'payments', name: 'lost' }] }],
    ],
    [
      'These policies apply but do not exist: ClusterApprovalPolicy lost. It holds until they are written again; or ask anew.',
      [{ missingPolicies: [{ kind: 'ClusterApprovalPolicy', name: 'lost' }], request: { governs: false } }],
    ],
    ['No policy applies, so nobody can agree; it holds.', [{ policies: [] }]],
    ['The policies that apply ask nobody and approve nothing on their own; it holds.', [{ policies: [policy('empty')] }]],
    ['Waiting for 2 of group finance (stage finance).', [{ policies: [two] }]],
    [
      'Waiting for 1 of group finance (stage finance).',
      [{ policies: [two], decisions: [decision('bob', 'Approve', { groups: ['finance'] })] }],
    ],
    [
      'Waiting for 1 of user carol or group security (stage security).',
      [{ policies: [two], decisions: ['bob', 'dave'].map((who) => decision(who, 'Approve', { groups: ['finance'] })) }],
    ],
  ])('%s', (words, changes) => {
    expect(say(...changes)).toBe(words);
  });

  const unknown = { requester: { username: '', groups: [] } };
  const anybody = policy('anybody', {
    separation: { requesterMayApprove: true, distinctAcrossStages: true },
    stages: [stage('any', 1, [user('bob')])],
  });
  const readsRequester = policy('known', { autoApprove: [{ name: 'staff', when: "!('contractors' in requester.groups)" }] });

  it.each<[string, Parameters<typeof observation>]>([
    [
      'Nobody may approve it, so it holds: It is not known who asked for it. Reject it, and have it asked for anew.',
      [{ policies: [anybody, two], request: unknown }],
    ],
    [
      'Nobody may approve it, so it holds: It is not known who asked for it: the template of CronJob nightly does not say who wrote it. Whoever answers for the template writes it once more; reject or delete this run, and the next is asked for by them.',
      [{ policies: [two], request: unknown, subject: { ...heldJob, runOf: 'nightly' } }],
    ],
    ['Waiting for 1 of user bob (stage any).', [{ policies: [anybody], request: unknown }]],
    [
      `A rule cannot be evaluated, so it holds: ApprovalPolicy known: spec.autoApprove, rule staff: "!('contractors' in requester.groups)" failed: there is no requester here. It is not known who asked for it. Reject it, and have it asked for anew.`,
      [{ policies: [readsRequester], request: unknown }],
    ],
  ])('where it is not known who asked: %s', (words, changes) => {
    expect(say(...changes)).toBe(words);
  });

  it('names, once a stage has escalated, whom it asks instead and who stands in for whom', () => {
    const escalating = stage('cfo', 1, [user('carla')], {
      timeout: '1m',
      onTimeout: 'Escalate',
      escalation: { from: [group('on-call')], count: 2 },
    });
    const facts = settle(
      observation({
        policies: [policy('p', { stages: [escalating] })],
        decisions: [decision('rita', 'Reassign', { reassign: { stage: 'cfo', from: 'carla', to: 'dan' } })],
        permissions: { mayApprove: () => false, may: () => true },
        managers: new Map([['carla', 'dan']]),
        now: minutes(0),
      }),
    );
    const late = { ...facts, now: minutes(1.5) };
    expect(describeOpen(evaluate(late), late)).toBe(
      'Waiting for 2 of group on-call, or instead 1 of user carla (stage cfo, escalated; dan is asked in place of carla).',
    );
  });

  it('names the open stage of every policy', () => {
    const words = say({ policies: [two, policy('other', { stages: [stage('legal', 1, [user('erin')])] })] });
    expect(words).toBe('Waiting for 1 of user erin (stage legal), 2 of group finance (stage finance).');
  });
});

describe('missing votes', () => {
  const { stages } = evaluate(
    observation({
      policies: [policy('p', { stages: [stage('a', 2, [group('g')]), stage('b', 1, [user('carol')])] })],
      decisions: [decision('bob', 'Approve', { groups: ['g'] })],
    }),
  );

  it('are those of open stages, or of those that are asked about', () => {
    expect(missingVotes(stages)).toEqual([{ stage: 'a', count: 1, from: [{ group: 'g' }] }]);
    expect(missingVotes(stages, isUndecided).map((m) => m.stage)).toEqual(['a', 'b']);
    expect(missingVotes(stages, ({ state }) => state === 'Satisfied')).toEqual([]);
  });
});
