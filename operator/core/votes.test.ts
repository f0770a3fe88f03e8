import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channels, type DecisionVia } from '../../crds/v1alpha1/index.ts';
import { decision, digestA, digestB, minutes } from '../../test/fixtures/facts.ts';
import { isTooWeak } from './channels.ts';
import type { DecisionFacts } from './facts.ts';
import { castVotes } from './votes.ts';

const ballot = { requestUid: 'request-uid', digest: digestA, closesAt: minutes(60), opensAt: undefined };
const nothingRequired = { policies: [], questions: [], isAsked: () => true };
const at = (minute: number, second = 0): string => new Date(minutes(minute) + second * 1000).toISOString().replace('.000Z', 'Z');
const faults = (decisions: DecisionFacts[], on: Parameters<typeof castVotes>[1] = ballot, minimum: DecisionVia = 'Web') => {
  const { papers, standing } = castVotes(decisions, on, nothingRequired);
  const stands = (decision: DecisionFacts): boolean => standing(minimum).get(decision.approver)?.decision === decision;
  return Object.fromEntries(papers.map(({ decision, fault }) => [decision.name, fault ?? (stands(decision) ? 'counts' : 'Superseded')]));
};

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
    const since = (decisions: DecisionFacts[]) => castVotes(decisions, ballot, nothingRequired).standing('Web').get('bob')?.since;
    expect(since([cast('a', 'Approve', at(1)), cast('b', 'Approve', at(9))])).toBe(minutes(1));
    expect(since([cast('a', 'Approve', at(1)), cast('b', 'Reject', at(2)), cast('c', 'Approve', at(9))])).toBe(minutes(9));
    expect(since([cast('a', 'Approve', at(1)), cast('b', 'Comment', at(2)), cast('c', 'Approve', at(9))])).toBe(minutes(1));
    expect(since([cast('a', 'Approve', at(1), { digest: digestB }), cast('c', 'Approve', at(9))])).toBe(minutes(9));
  });
});

describe('the word of somebody who uses several channels', () => {
  const by = (via: DecisionVia, verdict: 'Approve' | 'Reject', minute: number) =>
    cast(`${verdict} by ${via}`, verdict, at(minute), { via });
  const where = (minimum: DecisionVia, ...decisions: DecisionFacts[]): string =>
    castVotes(decisions, ballot, nothingRequired).standing(minimum).get('bob')?.decision.name ?? 'nothing';

  it.each<[string, DecisionVia, DecisionFacts[], string]>([
    ['is no yes by too weak a channel', 'Web', [by('Email', 'Approve', 1)], 'nothing'],
    ['is a yes by one that is just sure enough', 'Slack', [by('Slack', 'Approve', 1)], 'Approve by Slack'],
    ['is a no by whichever', 'Kubernetes', [by('Email', 'Reject', 1)], 'Reject by Email'],
    ['is a no that came after a surer yes', 'Web', [by('Web', 'Approve', 1), by('Email', 'Reject', 2)], 'Reject by Email'],
    ['is a no that a weaker yes came after', 'Web', [by('Kubernetes', 'Reject', 1), by('Email', 'Approve', 2)], 'Reject by Kubernetes'],
    [
      'is a yes that came after a no, where it is sure enough',
      'Email',
      [by('Kubernetes', 'Reject', 1), by('Email', 'Approve', 2)],
      'Approve by Email',
    ],
    ['is the surer yes, though a weaker one came after', 'Web', [by('Web', 'Approve', 1), by('Email', 'Approve', 2)], 'Approve by Web'],
    ['is a no between two of one second', 'Web', [by('Web', 'Approve', 1), by('Email', 'Reject', 1)], 'Reject by Email'],
  ])('%s (at least %s)', (_what, minimum, decisions, expected) => {
    expect(where(minimum, ...decisions)).toBe(expected);
  });

  it('began with the first yes that was sure enough', () => {
    const decisions = [by('Email', 'Approve', 1), by('Web', 'Approve', 5)];
    const since = (minimum: DecisionVia) => castVotes(decisions, ballot, nothingRequired).standing(minimum).get('bob')?.since;
    expect([since('Email'), since('Web')]).toEqual([minutes(1), minutes(5)]);
  });
});

describe('any decisions', () => {
  const any = fc.array(
    fc.record({
      who: fc.constantFrom('bob', 'carol'),
      verdict: fc.constantFrom<DecisionFacts['verdict'][]>('Approve', 'Reject', 'Comment'),
      minute: fc.constantFrom(1, 2, 61),
      digest: fc.constantFrom(digestA, digestB),
      via: fc.constantFrom(...channels),
    }),
    { maxLength: 8 },
  );
  const decisions = any.map((all) =>
    all.map((d, i) => cast(`d${i}`, d.verdict, at(d.minute), { approver: d.who, digest: d.digest, via: d.via })),
  );

  it('are weighed the same in any order and however often they are listed, each once', () => {
    const found = decisions.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })),
    );
    fc.assert(
      fc.property(found, ([all, shuffled]) => {
        const [one, other] = [castVotes(shuffled, ballot, nothingRequired), castVotes(all, ballot, nothingRequired)];
        expect(one.papers).toEqual(other.papers);
        for (const minimum of channels) expect(one.standing(minimum)).toEqual(other.standing(minimum));
        expect(other.papers).toHaveLength(all.length);
      }),
    );
  });

  it('are a no wherever a no came last, and nowhere a yes by too weak a channel', () => {
    fc.assert(
      fc.property(decisions, (all) => {
        const { standing } = castVotes(all, ballot, nothingRequired);
        for (const minimum of channels)
          for (const [username, { decision: said }] of standing(minimum)) {
            expect(said.verdict === 'Approve' && isTooWeak(said.via, minimum)).toBe(false);
            const last = standing('Email').get(username)?.decision;
            if (last?.verdict === 'Reject') expect(said).toBe(last);
          }
      }),
    );
  });
});
