import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decision, digestA, digestB, minutes } from '../../test/fixtures/facts.ts';
import { compile } from './cel/index.ts';
import { delegationsOf, principalsOf } from './delegation.ts';
import type { DecisionFacts, DelegationSeen } from './facts.ts';
import { askedAbout, delegationsReadObject, thatMatter } from './whoMatters.ts';

const at = (minute: number): string => new Date(minutes(minute)).toISOString().replace('.000Z', 'Z');

const delegation = (from: string, to: string, more: Partial<DelegationSeen> = {}): DelegationSeen => ({
  name: `${from}-${to}`,
  from,
  to,
  author: from,
  groups: ['board'],
  createdAt: at(0),
  ...more,
});

describe('decisions whose authors matter', () => {
  it.each<[DecisionFacts['verdict'], boolean, boolean]>([
    ['Approve', true, false],
    ['Override', true, false],
    ['Reassign', true, false],
    // A no to what was approved ends what it stands for, whatever has become of it since.
    ['Reject', true, true],
    ['Review', true, true],
    ['Comment', false, false],
  ])('%s: of this digest %s, of another %s', (verdict, ofThis, ofAnother) => {
    expect(thatMatter([decision('bob', verdict)], digestA)).toHaveLength(ofThis ? 1 : 0);
    expect(thatMatter([decision('bob', verdict)], digestB)).toHaveLength(ofAnother ? 1 : 0);
    expect(thatMatter([decision('bob', verdict)], undefined)).toHaveLength(ofAnother ? 1 : 0);
  });
});

describe('people who are asked about', () => {
  const names = (decisions: DecisionFacts[], delegations: DelegationSeen[]) => askedAbout(decisions, delegations).map((p) => p.username);

  it('are whoever voted, and whoever may have handed on to them, through others too', () => {
    const delegations = [delegation('carla', 'dan'), delegation('dan', 'bob'), delegation('erin', 'frank')];
    expect(names([decision('bob', 'Approve', { groups: ['ops'] })], delegations)).toEqual(['bob', 'dan', 'carla']);
    expect(askedAbout([decision('bob', 'Approve', { groups: ['ops'] })], delegations)[0]).toEqual({ username: 'bob', groups: ['ops'] });
    expect(askedAbout([decision('dan')], delegations)[1]).toEqual({ username: 'carla', groups: ['board'] });
  });

  it('are not those whose delegations were over, or not yet written', () => {
    const over = delegation('carla', 'bob', { notAfter: at(1) });
    const later = delegation('dan', 'bob', { createdAt: at(9) });
    expect(names([decision('bob', 'Approve', { time: at(5) })], [over, later])).toEqual(['bob']);
  });

  it('are nobody for a verdict that takes a verb of its own', () => {
    expect(names([decision('bob', 'Override'), decision('dan', 'Reassign')], [delegation('carla', 'bob')])).toEqual([]);
  });

  it('are everybody whom the core may count, whatever was handed on to whom', () => {
    const person = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const time = fc.integer({ min: 0, max: 6 });
    const one = fc.record({ from: person, to: person, created: time, until: fc.option(time, { nil: undefined }), applies: fc.boolean() });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 12 }), person, time, fc.subarray(['a', 'b']), (all, voter, votedAt, without) => {
        const written = all.map(({ from, to, created, until, applies }, i) => ({
          ...delegation(from, to, { name: `d${i}`, createdAt: at(created), ...(until === undefined ? {} : { notAfter: at(until) }) }),
          applies,
        }));
        const looking = { at: minutes(votedAt), without: new Set(without), byAnyAuthor: true };
        const { principals } = principalsOf({ username: voter, groups: [] }, delegationsOf(written), looking);
        const known = names([decision(voter, 'Approve', { time: at(votedAt) })], written);
        expect(known).toEqual(expect.arrayContaining(principals.map((p) => p.username)));
      }),
    );
  });
});

describe('the governed object', () => {
  const given = (source: string): Pick<DelegationSeen, 'when'> => {
    const when = compile(source, { scope: 'delegation', result: 'bool' });
    if (!('run' in when)) throw new Error(when.message);
    return { when };
  };
  const looks = given("object.metadata.name == 'wire'");

  it.each<[string, DecisionFacts['verdict'], DelegationSeen[], boolean]>([
    ['where whoever voted was handed something on that hangs on it', 'Approve', [delegation('carla', 'bob', looks)], true],
    ['where they were through somebody else', 'Reject', [delegation('carla', 'dan', looks), delegation('dan', 'bob')], true],
    ['not where it leads to nobody who voted', 'Approve', [delegation('carla', 'dan', looks)], false],
    ['not where it was over', 'Approve', [delegation('carla', 'bob', { ...looks, notAfter: at(0) })], false],
    ['not where nobody votes', 'Comment', [delegation('carla', 'bob', looks)], false],
    ['not where the condition is about something else', 'Approve', [delegation('carla', 'bob', given("operation == 'wire'"))], false],
    ['not where it cannot be read', 'Approve', [delegation('carla', 'bob', { when: 'faulty' })], false],
    ['not where there is no condition', 'Approve', [delegation('carla', 'bob')], false],
  ])('is read for delegations: %s', (_, verdict, delegations, reads) => {
    expect(delegationsReadObject([decision('bob', verdict)], delegations)).toBe(reads);
  });
});
