import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decision, digestA, digestB, minutes } from '../../test/fixtures/facts.ts';
import type { DecisionFacts } from './facts.ts';
import { castVotes } from './votes.ts';

const ballot = { requestUid: 'request-uid', digest: digestA, closesAt: minutes(60), opensAt: undefined };
const nothingRequired = { policies: [], questions: [], isAsked: () => true };
const at = (minute: number, second = 0): string => new Date(minutes(minute) + second * 1000).toISOString().replace('.000Z', 'Z');
const faults = (decisions: DecisionFacts[], on: Parameters<typeof castVotes>[1] = ballot) =>
  Object.fromEntries(castVotes(decisions, on, nothingRequired).map(({ decision: { name }, fault }) => [name, fault ?? 'counts']));

const cast = (name: string, verdict: DecisionFacts['verdict'], time: string, more: Partial<DecisionFacts> = {}) =>
  decision('bob', verdict, { name, uid: name, time, ...more });

describe('which decisions are weighed', () => {
  it.each<[string, Partial<DecisionFacts>, string]>([
    ['one about this request and digest', {}, 'counts'],
    ['one at the last moment', { time: at(60) }, 'counts'],
    ['one a second later', { time: at(60, 1) }, 'Late'],
    ['one at a time that cannot be read', { time: '' }, 'Late'],
    ['one about another digest', { digest: digestB }, 'DigestChanged'],
    ['one about an object of another uid', { requestUid: 'older' }, 'UidChanged'],
    ['a comment', { verdict: 'Comment' }, 'Comment'],
    ['a comment about another digest', { verdict: 'Comment', digest: digestB }, 'Comment'],
    ['one about another uid and digest', { requestUid: 'older', digest: digestB, verdict: 'Comment' }, 'UidChanged'],
  ])('%s', (_what, more, expected) => {
    expect(faults([cast('d', 'Approve', at(1), more)])).toEqual({ d: expected });
  });

  it('none while it is not known what would run', () => {
    expect(faults([cast('d', 'Approve', at(1))], { ...ballot, digest: undefined })).toEqual({ d: 'DigestChanged' });
  });
});

describe('the latest word of a person', () => {
  it.each<[string, DecisionFacts[], Record<string, string>]>([
    ['stands', [cast('a', 'Approve', at(1)), cast('b', 'Reject', at(2))], { a: 'Superseded', b: 'counts' }],
    ['stands, whichever it is', [cast('a', 'Reject', at(1)), cast('b', 'Approve', at(2))], { a: 'Superseded', b: 'counts' }],
    ['of one second is the rejection', [cast('z', 'Approve', at(1)), cast('a', 'Reject', at(1))], { z: 'Superseded', a: 'counts' }],
    ['is not a comment', [cast('a', 'Approve', at(1)), cast('b', 'Comment', at(2))], { a: 'counts', b: 'Comment' }],
    ['is not one that came too late', [cast('a', 'Approve', at(1)), cast('b', 'Reject', at(61))], { a: 'counts', b: 'Late' }],
    [
      'is not one about another digest',
      [cast('a', 'Approve', at(1)), cast('b', 'Reject', at(2), { digest: digestB })],
      { a: 'counts', b: 'DigestChanged' },
    ],
    [
      "is not somebody else's",
      [cast('a', 'Approve', at(1)), cast('b', 'Reject', at(2), { approver: 'carol' })],
      { a: 'counts', b: 'counts' },
    ],
    [
      'is not that of somebody whose name only looks the same',
      [cast('a', 'Approve', at(1)), cast('b', 'Reject', at(2), { approver: 'bоb' })],
      { a: 'counts', b: 'counts' },
    ],
  ])('%s', (_what, decisions, expected) => {
    expect(faults(decisions)).toEqual(expected);
    expect(faults([...decisions].reverse())).toEqual(expected);
  });

  it('counts from when they began to say so without a break', () => {
    const since = (decisions: DecisionFacts[]) => castVotes(decisions, ballot, nothingRequired).find((v) => v.fault === undefined)?.since;
    expect(since([cast('a', 'Approve', at(1)), cast('b', 'Approve', at(9))])).toBe(minutes(1));
    expect(since([cast('a', 'Approve', at(1)), cast('b', 'Reject', at(2)), cast('c', 'Approve', at(9))])).toBe(minutes(9));
    expect(since([cast('a', 'Approve', at(1)), cast('b', 'Comment', at(2)), cast('c', 'Approve', at(9))])).toBe(minutes(1));
    expect(since([cast('a', 'Approve', at(1), { digest: digestB }), cast('c', 'Approve', at(9))])).toBe(minutes(9));
  });
});

describe('any decisions', () => {
  const any = fc.array(
    fc.record({
      who: fc.constantFrom('bob', 'carol'),
      verdict: fc.constantFrom<DecisionFacts['verdict'][]>('Approve', 'Reject', 'Comment'),
      minute: fc.constantFrom(1, 2, 61),
      digest: fc.constantFrom(digestA, digestB),
    }),
    { maxLength: 8 },
  );
  const decisions = any.map((all) => all.map((d, i) => cast(`d${i}`, d.verdict, at(d.minute), { approver: d.who, digest: d.digest })));

  it('are weighed the same in any order and however often they are listed, each once', () => {
    const found = decisions.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })),
    );
    fc.assert(
      fc.property(found, ([all, shuffled]) => {
        expect(castVotes(shuffled, ballot, nothingRequired)).toEqual(castVotes(all, ballot, nothingRequired));
        expect(castVotes(all, ballot, nothingRequired)).toHaveLength(all.length);
      }),
    );
  });

  it('count for one word a person at most', () => {
    fc.assert(
      fc.property(decisions, (all) => {
        const counted = castVotes(all, ballot, nothingRequired).filter((v) => v.fault === undefined);
        expect(new Set(counted.map((v) => v.decision.approver)).size).toBe(counted.length);
      }),
    );
  });
});
