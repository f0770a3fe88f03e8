import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillPlaces, seat } from './matching.ts';

interface Numbered {
  id: number;
}

const numbered = (count: number): Numbered[] => Array.from({ length: count }, (_, id) => ({ id }));

const fill = (fits: boolean[][], people: number) => {
  const places = numbered(fits.length);
  return { places, filled: fillPlaces(places, numbered(people), (person, place) => fits[place.id]?.[person.id] ?? false) };
};

const table = (rows: number, columns: number) =>
  fc.array(fc.array(fc.boolean(), { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows });

describe('filling places', () => {
  const tables = fc
    .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }))
    .chain(([places, people]) => fc.tuple(table(places, people), fc.constant(people)));
  const most = (fits: boolean[][]): number => bruteForce({ stands: fits[0]?.map((_, p) => [p]) ?? [], fits });

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

  it('fills as many places as any assignment could, and never leaves an earlier one empty that could have been filled', () => {
    fc.assert(
      fc.property(tables, ([fits, people]) => {
        const { places, filled } = fill(fits, people);
        places.forEach((_, end) => {
          expect(places.slice(0, end + 1).filter((p) => filled.has(p)).length).toBe(most(fits.slice(0, end + 1)));
        });
      }),
    );
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
});

/** Voters by number, each with the people for whom they may stand; and which person fits which place. */
interface Hall {
  /** Per voter: people, the first of whom is the voter. */
  stands: number[][];
  /** Per place, per person. */
  fits: boolean[][];
}

/** The most places that can be filled, by trying every assignment. */
function bruteForce({ stands, fits }: Hall, place = 0, voted = new Set<number>(), seated = new Set<number>()): number {
  const row = fits[place];
  if (row === undefined) return 0;
  let best = bruteForce({ stands, fits }, place + 1, voted, seated);
  stands.forEach((people, voter) => {
    if (voted.has(voter)) return;
    for (const person of people) {
      if (seated.has(person) || row[person] !== true) continue;
      best = Math.max(best, 1 + bruteForce({ stands, fits }, place + 1, new Set(voted).add(voter), new Set(seated).add(person)));
    }
  });
  return best;
}

function seatAll({ stands, fits }: Hall, voters: readonly number[] = stands.map((_, voter) => voter)) {
  const places = numbered(fits.length);
  const seats = seat(places, voters, {
    principalsOf: (voter) => stands[voter] ?? [],
    identity: (person) => person,
    fits: (person, place) => fits[place.id]?.[person] ?? false,
  });
  return [...seats]
    .map(([place, { voter, principal }]) => ({ place: place.id, voter, person: principal }))
    .sort((a, b) => a.place - b.place);
}

/** Up to four voters among six people, who may stand for each other in any way, and up to four places. */
const halls = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })).chain(([voters, places]) =>
  fc.tuple(table(voters, 6), table(places, 6)).map(([may, fits]): Hall => ({
    fits,
    stands: may.map((row, voter) => [voter, ...row.flatMap((yes, p) => (yes && p !== voter ? [p] : []))]),
  })),
);

const bob = 0;
const carol = 1;
const alice = 4;
const dan = 5;
const erin = 3;

describe('seating voters who may stand for others', () => {
  it.each<[string, Hall, [voter: number, person: number][]]>([
    [
      'somebody who does not qualify stands for whoever does',
      { stands: [[bob, alice]], fits: [[false, false, false, false, true]] },
      [[bob, alice]],
    ],
    ['somebody who qualifies stands for themselves', { stands: [[bob, alice]], fits: [[true, true, true, true, true]] }, [[bob, bob]]],
    [
      'one voter fills one place, whoever they may stand for',
      { stands: [[bob, alice]], fits: [[true], [false, false, false, false, true]] },
      [[bob, bob]],
    ],
    [
      'one person fills one place, whoever stands for them',
      {
        stands: [
          [bob, alice],
          [carol, alice],
        ],
        fits: [
          [false, false, false, false, true],
          [false, false, false, false, true],
        ],
      },
      [[bob, alice]],
    ],
    [
      'two who stand for each other stand for themselves',
      {
        stands: [
          [bob, carol],
          [carol, bob],
        ],
        fits: [
          [true, true],
          [true, true],
        ],
      },
      [
        [bob, bob],
        [carol, carol],
      ],
    ],
    [
      'whoever is needed for somebody else stands for them, and another takes the own place',
      {
        stands: [
          [bob, alice],
          [carol, bob],
        ],
        fits: [[true], [false, false, false, false, true]],
      },
      [
        [carol, bob],
        [bob, alice],
      ],
    ],
    [
      'whoever stood for one is free for another, when a third can fill the place',
      {
        stands: [
          [bob, dan, alice],
          [carol, erin],
        ],
        fits: [
          [false, false, false, true, false, true],
          [false, false, false, false, true],
        ],
      },
      [
        [carol, erin],
        [bob, alice],
      ],
    ],
  ])('%s', (_what, hall, expected) => {
    expect(seatAll(hall).map(({ voter, person }) => [voter, person])).toEqual(expected);
  });

  it('fills as many places as any assignment could, and never leaves an earlier one empty that could have been filled', () => {
    fc.assert(
      fc.property(halls, (hall) => {
        const filled = seatAll(hall).map((s) => s.place);
        hall.fits.forEach((_, end) => {
          expect(filled.filter((place) => place <= end).length).toBe(bruteForce({ ...hall, fits: hall.fits.slice(0, end + 1) }));
        });
      }),
      { numRuns: 400 },
    );
  });

  it('counts nobody twice, neither as a voter nor as a person, and puts nobody where they may not be', () => {
    fc.assert(
      fc.property(halls, (hall) => {
        const seats = seatAll(hall);
        expect(new Set(seats.map((s) => s.voter)).size).toBe(seats.length);
        expect(new Set(seats.map((s) => s.person)).size).toBe(seats.length);
        for (const { place, voter, person } of seats) {
          expect(hall.fits[place]?.[person]).toBe(true);
          expect(hall.stands[voter]).toContain(person);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('fills the same places in whichever order people voted', () => {
    const shuffled = halls.chain((hall) =>
      fc.tuple(
        fc.constant(hall),
        fc.shuffledSubarray(
          hall.stands.map((_, voter) => voter),
          { minLength: hall.stands.length },
        ),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([hall, order]) => {
        expect(seatAll(hall, order).map((s) => s.place)).toEqual(seatAll(hall).map((s) => s.place));
      }),
    );
  });

  it('lets nobody stand for somebody else where they qualify and nobody stands for them', () => {
    fc.assert(
      fc.property(halls, (hall) => {
        const seats = seatAll(hall);
        const seated = new Set(seats.map((s) => s.person));
        for (const { place, voter, person } of seats) {
          if (person !== voter && hall.fits[place]?.[voter] === true) expect(seated).toContain(voter);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('loses no place by one more vote', () => {
    fc.assert(
      fc.property(halls, (hall) => {
        expect(seatAll(hall).length).toBeGreaterThanOrEqual(seatAll({ ...hall, stands: hall.stands.slice(0, -1) }).length);
      }),
    );
  });

  it('fills nothing wrongly where it also depends on the voter, such as on when they voted', () => {
    const late = fc.tuple(halls, table(4, 4));
    fc.assert(
      fc.property(late, ([{ stands, fits }, inTime]) => {
        const places = numbered(fits.length);
        const may = (person: number, place: Numbered, voter: number) =>
          (fits[place.id]?.[person] ?? false) && (inTime[voter]?.[place.id] ?? false);
        const seats = seat(
          places,
          stands.map((_, voter) => voter),
          { principalsOf: (voter) => stands[voter] ?? [], identity: (person) => person, fits: may },
        );
        for (const [place, { voter, principal }] of seats) expect(may(principal, place, voter)).toBe(true);
        expect(new Set([...seats.values()].map((s) => s.voter)).size).toBe(seats.size);
        expect(new Set([...seats.values()].map((s) => s.principal)).size).toBe(seats.size);
      }),
      { numRuns: 400 },
    );
  });
});
