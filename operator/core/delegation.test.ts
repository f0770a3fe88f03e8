import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cyclesAndCuts,
  cycleText,
  delegationsOf,
  deputiesOf,
  longestChain,
  mostPrincipals,
  principalsOf,
  uncountedFor,
  type DelegationFacts,
  type Looking,
  type Principals,
} from './delegation.ts';

const minutes = (count: number): number => Date.parse('2026-03-02T09:00:00Z') + count * 60_000;
const at = (minute: number): string => new Date(minutes(minute)).toISOString();

const delegation = (from: string, to: string, more: Partial<DelegationFacts> = {}): DelegationFacts => ({
  name: `${from}-to-${to}`,
  from,
  to,
  author: from,
  groups: [],
  createdAt: at(0),
  applies: true,
  ...more,
});

const now: Looking = { at: minutes(5) };

const of = (voter: string, delegations: DelegationFacts[], looking: Looking = now): Principals =>
  principalsOf({ username: voter, groups: ['own'] }, delegationsOf(delegations), looking);

const chains = (found: Principals): string[] => found.principals.map((p) => p.chain.join(' ')).sort();

describe('for whom a voter may decide', () => {
  it('is found by reading each delegation once, though its people are met again and again', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    let read = 0;
    const all = names.flatMap((from) =>
      names.flatMap((to) => {
        if (from === to) return [];
        const counted = delegation(from, to);
        return [
          Object.defineProperty(counted, 'applies', {
            get: () => {
              read += 1;
              return true;
            },
          }),
        ];
      }),
    );
    expect(new Set(of('a', all).principals.map((p) => p.username)).size).toBe(names.length);
    expect(read).toBe(all.length);
  });

  it('for themselves, with their own groups, when nobody delegated to them', () => {
    expect(of('bob', [delegation('bob', 'carol')])).toEqual({
      principals: [{ username: 'bob', groups: ['own'], chain: ['bob'] }],
      cycles: [],
      cut: false,
    });
  });

  it('for whoever delegated to them, with the groups known of those', () => {
    expect(of('bob', [delegation('alice', 'bob', { groups: ['finance'] })]).principals).toEqual([
      { username: 'bob', groups: ['own'], chain: ['bob'] },
      { username: 'alice', groups: ['finance'], chain: ['alice', 'bob'] },
    ]);
  });

  it('once for each set of groups that a delegation to them knows, and with none that only others were given', () => {
    const all = [
      delegation('alice', 'bob', { groups: ['finance'] }),
      delegation('alice', 'bob', { name: 'again', groups: ['finance'] }),
      delegation('alice', 'bob', { name: 'before', groups: ['board'] }),
      delegation('alice', 'carol', { groups: ['security'] }),
    ];
    expect(of('bob', all).principals.slice(1)).toEqual([
      { username: 'alice', groups: ['finance'], chain: ['alice', 'bob'] },
      { username: 'alice', groups: ['board'], chain: ['alice', 'bob'] },
    ]);
  });

  it('through a chain, each with the way it took', () => {
    const all = [delegation('alice', 'bob'), delegation('bob', 'carol'), delegation('dan', 'bob'), delegation('eve', 'frank')];
    expect(chains(of('carol', all))).toEqual(['alice bob carol', 'bob carol', 'carol', 'dan bob carol']);
  });

  it('in two ways, where two ways know different groups', () => {
    const all = [delegation('alice', 'carol'), delegation('alice', 'bob', { groups: ['finance'] }), delegation('bob', 'carol')];
    expect(of('carol', all).principals.filter((p) => p.username === 'alice')).toEqual([
      { username: 'alice', groups: [], chain: ['alice', 'carol'] },
      { username: 'alice', groups: ['finance'], chain: ['alice', 'bob', 'carol'] },
    ]);
  });

  it('tells apart two names that only look the same', () => {
    expect(chains(of('bob', [delegation('alice', 'bоb')]))).toEqual(['bob']);
  });

  it.each<[string, Partial<DelegationFacts>, boolean]>([
    ['from the moment it was written', { createdAt: at(5) }, true],
    ['not for what was decided before it was written', { createdAt: at(6) }, false],
    ['from notBefore on', { notBefore: at(5) }, true],
    ['not before notBefore', { notBefore: at(6) }, false],
    ['until notAfter', { notAfter: at(6) }, true],
    ['not at notAfter', { notAfter: at(5) }, false],
    ['not where its when is false', { applies: false }, false],
    ['never, when its beginning cannot be read', { notBefore: 'soon' }, false],
    ['never, when its end cannot be read', { notAfter: 'later' }, false],
    ['never, when it is not known when it was written', { createdAt: '' }, false],
  ])('a delegation holds %s', (_when, more, holds) => {
    expect(chains(of('bob', [delegation('alice', 'bob', more)]))).toEqual(holds ? ['alice bob', 'bob'] : ['bob']);
  });

  it('through nobody who is left out, at either end or between', () => {
    const all = [delegation('alice', 'bob'), delegation('bob', 'carol'), delegation('dan', 'carol')];
    expect(chains(of('carol', all, { ...now, without: new Set(['bob']) }))).toEqual(['carol', 'dan carol']);
    expect(chains(of('carol', all, { ...now, without: new Set(['alice']) }))).toEqual(['bob carol', 'carol', 'dan carol']);
  });

  it.each<[string, string, string[]]>([
    ['not by what somebody who is left out wrote for another', 'mallory', ['carol']],
    ['not by what nobody knows the author of', '', ['carol']],
    ['by what somebody else wrote for another', 'dora', ['alice bob carol', 'bob carol', 'carol']],
  ])('%s', (_who, author, reached) => {
    const all = [delegation('alice', 'bob'), delegation('bob', 'carol', { author })];
    const without = new Set(['mallory']);
    expect(chains(of('carol', all, { ...now, without }))).toEqual(reached);
    expect(chains(of('carol', all, { ...now, without, byAnyAuthor: true }))).toEqual(['alice bob carol', 'bob carol', 'carol']);
  });

  it('tells of those that lead nowhere because of who wrote them, and of no others', () => {
    const all = [
      delegation('alice', 'bob', { author: 'mallory' }),
      delegation('bob', 'carol', { author: '' }),
      delegation('dan', 'erin'),
      delegation('dan', 'frank', { author: 'mallory', notAfter: at(1) }),
      delegation('mallory', 'frank'),
    ];
    const found = uncountedFor(delegationsOf(all), { ...now, without: new Set(['mallory']) });
    expect(found.map((d) => d.name)).toEqual(['alice-to-bob', 'bob-to-carol']);
  });

  it('for nobody without a name', () => {
    expect(chains(of('bob', [delegation('', 'bob')]))).toEqual(['bob']);
  });
});

describe('delegations in a circle', () => {
  it('end where they began and are named, the same way whoever votes', () => {
    const all = [delegation('alice', 'bob'), delegation('bob', 'alice'), delegation('bob', 'carol')];
    expect(of('alice', all).cycles.map(cycleText)).toEqual(['alice → bob → alice']);
    expect(of('bob', all).cycles.map(cycleText)).toEqual(['alice → bob → alice']);
    expect(of('carol', all).cycles.map(cycleText)).toEqual(['alice → bob → alice']);
    expect(chains(of('alice', all))).toEqual(['alice', 'bob alice']);
  });

  it('are named in the direction in which they were handed on', () => {
    const all = [delegation('alice', 'bob'), delegation('bob', 'carol'), delegation('carol', 'alice')];
    expect(of('bob', all).cycles.map(cycleText)).toEqual(['alice → bob → carol → alice']);
  });

  it('of one person with themselves are no delegation at all', () => {
    expect(of('alice', [delegation('alice', 'alice')])).toEqual({
      principals: [{ username: 'alice', groups: ['own'], chain: ['alice'] }],
      cycles: [],
      cut: false,
    });
  });
});

describe('the limits', () => {
  const line = (length: number): DelegationFacts[] =>
    Array.from({ length }, (_, i) => delegation(`p${String(i + 1).padStart(3, '0')}`, `p${String(i).padStart(3, '0')}`));

  it('follow a chain of eight, and say so when there is more', () => {
    expect(of('p000', line(longestChain))).toMatchObject({ cut: false, principals: { length: longestChain + 1 } });
    expect(of('p000', line(longestChain + 1))).toMatchObject({ cut: true, principals: { length: longestChain + 1 } });
  });

  it('offer 64 people, and say so when there are more', () => {
    const crowd = (size: number) => Array.from({ length: size }, (_, i) => delegation(`p${i}`, 'bob'));
    expect(of('bob', crowd(mostPrincipals - 1))).toMatchObject({ cut: false, principals: { length: mostPrincipals } });
    expect(of('bob', crowd(mostPrincipals))).toMatchObject({ cut: true, principals: { length: mostPrincipals } });
  });

  it('never hide by a long way round what a short one reaches', () => {
    // Depth first, the long line to x is followed first; the short way leads on from x to y.
    const all = [...line(longestChain - 1), delegation('x', 'p007'), delegation('x', 'p000'), delegation('y', 'x')];
    expect(chains(of('p000', all))).toContain('y x p000');
  });

  it('hold for everybody who delegates to everybody', () => {
    const names = Array.from({ length: 40 }, (_, i) => `p${i}`);
    const all = names.flatMap((from) => names.filter((to) => to !== from).map((to) => delegation(from, to)));
    expect(of('p0', all).principals.length).toBe(mostPrincipals);
  });
});

describe('what is said of delegations as a whole', () => {
  const said = (all: DelegationFacts[], looking = now) => cyclesAndCuts(delegationsOf(all), looking);

  it('is nothing where each leads somewhere', () => {
    expect(said([delegation('alice', 'bob'), delegation('bob', 'carol'), delegation('alice', 'carol')])).toEqual({ cycles: [], cut: [] });
  });

  it('is each circle, once, that holds at the time and of which nobody is left out', () => {
    const all = [
      delegation('bob', 'alice'),
      delegation('alice', 'bob'),
      delegation('bob', 'carol'),
      delegation('eve', 'dan'),
      delegation('dan', 'eve'),
    ];
    const { cycles } = said(all);
    expect(cycles.map(cycleText).sort()).toEqual(['alice → bob → alice', 'dan → eve → dan']);
    expect(said(all, { ...now, without: new Set(['bob', 'dan']) }).cycles).toEqual([]);
    expect(said(all, { at: minutes(-1) }).cycles).toEqual([]);
  });

  it('is to whom more lead than are followed', () => {
    const crowd = Array.from({ length: mostPrincipals }, (_, i) => delegation(`p${i}`, 'bob'));
    expect(said([...crowd, delegation('dan', 'carol')])).toEqual({ cycles: [], cut: ['bob'] });
  });
});

describe('who may decide for somebody', () => {
  it('is whoever they delegated to, and whoever those did, by the nearest way', () => {
    const all = [delegation('alice', 'bob'), delegation('bob', 'carol'), delegation('alice', 'carol'), delegation('dan', 'alice')];
    expect(deputiesOf('alice', delegationsOf(all), now).map((c) => c.join(' '))).toEqual(['alice bob', 'alice carol']);
  });
});

describe('any delegations at all', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const lists = fc.array(
    fc.record({ from: name, to: name, applies: fc.boolean() }).map(({ from, to, applies }) => delegation(from, to, { applies })),
    { maxLength: 14 },
  );

  /** Who is reached by stepping back over the list until nobody new is met. */
  function reached(voter: string, all: readonly DelegationFacts[]): string[] {
    const known = new Set([voter]);
    for (let before = 0; before !== known.size;) {
      before = known.size;
      for (const d of all) if (d.applies && known.has(d.to)) known.add(d.from);
    }
    return [...known].sort();
  }

  it('give everybody from whom some chain leads to the voter, and nobody else', () => {
    fc.assert(
      fc.property(name, lists, (voter, all) => {
        const found = of(voter, all);
        expect([...new Set(found.principals.map((p) => p.username))].sort()).toEqual(reached(voter, all));
        const pairs = new Set(all.filter((d) => d.applies).map((d) => `${d.from} ${d.to}`));
        for (const { username, chain } of found.principals) {
          expect([chain[0], chain.at(-1)]).toEqual([username, voter]);
          expect(new Set(chain).size).toBe(chain.length);
          chain.slice(1).forEach((to, i) => expect(pairs).toContain(`${chain[i] ?? ''} ${to}`));
        }
      }),
    );
  });

  it('name a cycle whenever there is one on the way to the voter, and only real ones', () => {
    fc.assert(
      fc.property(name, lists, (voter, all) => {
        const { cycles } = of(voter, all);
        const used = all.filter((d) => d.applies && d.from !== d.to);
        const near = reached(voter, all);
        const circular = near.some((person) =>
          used.some((d) => d.from === person && reached(person, used).includes(d.to) && near.includes(d.to)),
        );
        expect(cycles.length > 0).toBe(circular);
        for (const cycle of cycles) {
          expect(cycle[0]).toBe(cycle.at(-1));
          cycle.slice(1).forEach((to, i) => expect(used.some((d) => d.from === cycle[i] && d.to === to)).toBe(true));
        }
      }),
    );
  });

  it('mean the same in whichever order they come, and from both ends', () => {
    fc.assert(
      fc.property(name, lists, (voter, all) => {
        expect(of(voter, [...all].reverse())).toEqual(of(voter, all));
        for (const { username } of of(voter, all).principals.slice(1)) {
          expect(deputiesOf(username, delegationsOf(all), now).map((chain) => chain.at(-1))).toContain(voter);
        }
      }),
    );
  });
});
