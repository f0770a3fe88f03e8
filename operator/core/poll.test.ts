import { describe, expect, it } from 'vitest';
import type { Requester } from '../../crds/v1alpha1/index.ts';
import { minutes, observation, stage, user } from '../../test/fixtures/facts.ts';
import { compile, type Program } from './cel/index.ts';
import type { DelegationSeen } from './facts.ts';
import { pollOf } from './poll.ts';
import type { AskedStage } from './resolve.ts';

const never = { deadline: Infinity, closesAt: Infinity };
const bob = { username: 'bob', groups: ['finance'] };

function when(source: string): Program {
  const made = compile(source, { scope: 'delegation', result: 'bool' });
  if (!('run' in made)) throw new Error(made.message);
  return made;
}

/** From carol to bob, since the day before. */
const fromCarol = (more: Partial<DelegationSeen> = {}): DelegationSeen => ({
  name: 'away',
  from: 'carol',
  to: 'bob',
  author: 'carol',
  groups: ['board'],
  createdAt: '2026-03-01T09:00:00Z',
  notBefore: undefined,
  notAfter: undefined,
  ...more,
});

const pollOn = (changes: Parameters<typeof observation>[0], requester = { username: 'alice', groups: ['dev'] }) =>
  pollOf(observation({ spec: { context: { amount: 7 } }, ...changes }), requester, [], () => never);

const principals = (delegation: DelegationSeen, person: { username: string; groups: string[]; votedAt?: number } = bob): string[] =>
  pollOn({ delegations: [delegation] })
    .principalsOf(person)
    .map((p) => p.username);

describe('for whom somebody decides', () => {
  it.each<[string, Partial<DelegationSeen>, string[]]>([
    ['themselves and whoever delegated to them', {}, ['bob', 'carol']],
    ['themselves alone once it is over', { notAfter: '2026-03-02T09:04:59Z' }, ['bob']],
    ['themselves alone before it begins', { notBefore: '2026-03-02T09:05:01Z' }, ['bob']],
    ['both where its condition is true', { when: when('context.amount < 10') }, ['bob', 'carol']],
    ['themselves alone where its condition is false', { when: when('context.amount > 10') }, ['bob']],
    ['themselves alone where its condition fails', { when: when('context.absent > 10') }, ['bob']],
    ['themselves alone where its condition does not compile', { when: 'faulty' }, ['bob']],
    ['themselves alone where it names the requester', { from: 'alice' }, ['bob']],
    ['both where somebody else wrote it', { author: 'dora' }, ['bob', 'carol']],
    ['themselves alone where the requester wrote it', { author: 'alice' }, ['bob']],
    ['themselves alone where nobody knows who wrote it', { author: '' }, ['bob']],
  ])('is %s', (_what, more, expected) => {
    expect(principals(fromCarol(more))).toEqual(expected);
  });

  it('is nobody else where whoever submitted it, or for whom they say that it is, wrote the delegation', () => {
    const bot = 'system:serviceaccount:ci:bot';
    const request = { requester: { username: bot, groups: [] }, onBehalfOf: 'alice' };
    const by = (author: string, requester: Requester = { username: 'alice', groups: [], submittedBy: bot }) =>
      pollOn({ delegations: [fromCarol({ author })], request }, requester).principalsOf(bob).length;
    expect([by('alice'), by(bot), by('dora')]).toEqual([1, 1, 2]);
    // Whether or not policies trust the bot to say so.
    expect(by('alice', { username: bot, groups: [] })).toBe(1);
  });

  it('is as it was when they voted, for whoever has', () => {
    const over = fromCarol({ notAfter: '2026-03-02T09:03:00Z' });
    expect(principals(over, { ...bob, votedAt: minutes(2) })).toEqual(['bob', 'carol']);
    expect(principals(over, { ...bob, votedAt: minutes(4) })).toEqual(['bob']);
  });

  it('is read with the requester that conditions know', () => {
    const delegations = [fromCarol({ when: when("requester.username == 'eve' && 'ops' in requester.groups") })];
    const of = (username: string, groups: string[]) => pollOn({ delegations }, { username, groups }).principalsOf(bob).length;
    expect(of('eve', ['ops'])).toBe(2);
    expect(of('eve', [])).toBe(1);
    expect(of('alice', ['ops'])).toBe(1);
  });

  it('is the person as they are where nobody delegates', () => {
    expect(pollOn({}).principalsOf(bob)).toEqual([bob]);
  });
});

describe('who counts as having asked', () => {
  it('is the requester, and whoever submitted it in their name', () => {
    expect(pollOn({}).requesters).toEqual(['alice']);
    const submitted = { username: 'alice', groups: [], submittedBy: 'system:serviceaccount:ci:bot' };
    expect(pollOf(observation(), submitted, [], () => never).requesters).toEqual(['alice', 'system:serviceaccount:ci:bot']);
  });
});

describe('what a poll knows of time and stand-ins', () => {
  const asked: AskedStage = {
    ...stage('finance', 1, [user('carol')]),
    asSubmitted: true,
    separation: { requesterMayApprove: false, distinctAcrossStages: true },
  };

  it('is the time of the facts, and the times it is given', () => {
    const times = { deadline: 1, closesAt: 2 };
    const poll = pollOf(observation({ now: minutes(7) }), { username: 'alice', groups: [] }, [asked], () => times);
    expect(poll.now).toBe(minutes(7));
    expect(poll.timesOf(asked)).toBe(times);
  });

  it('is that nobody stands in where nobody was reassigned', () => {
    expect(pollOf(observation(), { username: 'alice', groups: [] }, [asked], () => never).rollOf(asked).standIns).toEqual([]);
  });
});
