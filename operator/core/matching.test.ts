import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillPlaces } from './matching.ts';

interface Seat {
  id: number;
}

const fill = (fits: boolean[][], people: number) => {
  const places = fits.map((_, id): Seat => ({ id }));
  const persons = Array.from({ length: people }, (_, id): Seat => ({ id }));
  return { places, filled: fillPlaces(places, persons, (person, place) => fits[place.id]?.[person.id] ?? false) };
};

/** The most places that can be filled, by trying every assignment. */
function bruteForce(fits: boolean[][], place = 0, used = new Set<number>()): number {
  const row = fits[place];
  if (row === undefined) return 0;
  let best = bruteForce(fits, place + 1, used);
  row.forEach((fit, person) => {
    if (fit && !used.has(person)) best = Math.max(best, 1 + bruteForce(fits, place + 1, new Set(used).add(person)));
  });
  return best;
}

const tables = fc
  .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }))
  .chain(([places, people]) =>
    fc.tuple(
      fc.array(fc.array(fc.boolean(), { minLength: people, maxLength: people }), { minLength: places, maxLength: places }),
      fc.constant(people),
    ),
  );

describe('filling places', () => {
  it('gives the only person of a narrow place to it, and the other person to the wide one', () => {
    const { filled } = fill(
      [
        [true, true],
        [true, false],
      ],
      2,
    );
    expect([...filled].map(([place, person]) => [place.id, person.id]).sort()).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  it('fills as many places as any assignment could', () => {
    fc.assert(fc.property(tables, ([fits, people]) => fill(fits, people).filled.size === bruteForce(fits)));
  });

  it('never lets one person fill two places, nor a place they do not fit', () => {
    fc.assert(
      fc.property(tables, ([fits, people]) => {
        const { filled } = fill(fits, people);
        expect(new Set(filled.values()).size).toBe(filled.size);
        for (const [place, person] of filled) expect(fits[place.id]?.[person.id]).toBe(true);
      }),
    );
  });

  it('never leaves an earlier place empty that a prefix of the places could have filled', () => {
    fc.assert(
      fc.property(tables, ([fits, people]) => {
        const { places, filled } = fill(fits, people);
        places.forEach((_, end) => {
          const prefix = places.slice(0, end + 1).filter((p) => filled.has(p)).length;
          expect(prefix).toBe(bruteForce(fits.slice(0, end + 1)));
        });
      }),
    );
  });
});
