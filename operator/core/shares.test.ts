import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepsPerLook } from './cel/meter.ts';
import { sharesOf } from './shares.ts';

interface Thing {
  readonly of: string;
  readonly id: number;
}

const sharing = { whose: (thing: Thing) => thing.of, spent: (steps: number, thing: Thing) => `${thing.of} had ${steps}` };
const things = fc.array(fc.record({ of: fc.constantFrom('alice', 'bob', 'mallory'), id: fc.nat() }), { minLength: 1, maxLength: 60 });

/** How many steps a thing may take before its meter says no. */
function share(all: readonly Thing[], thing: Thing): number {
  const meter = sharesOf(all, sharing)(thing);
  expect(() => meter.charge(stepsPerLook + 1)).toThrow(`${thing.of} had`);
  return Number(/\d+/.exec(meter.exceeded ?? '')?.[0]);
}

describe('what everybody may spend', () => {
  it('is no more between them than one look may take', () => {
    fc.assert(
      fc.property(things, (all) => {
        expect(all.reduce((sum, thing) => sum + share(all, thing), 0)).toBeLessThanOrEqual(stepsPerLook);
      }),
    );
  });

  it('is the same however much somebody else has, and in whatever order', () => {
    fc.assert(
      fc.property(things, fc.nat(200), (all, more) => {
        const bobs = { of: 'bob', id: 1 };
        const before = [...all, bobs, { of: 'mallory', id: 0 }];
        const after = [...Array.from({ length: more }, (_, id) => ({ of: 'mallory', id })), ...before.toReversed()];
        expect(share(after, bobs)).toBe(share(before, bobs));
      }),
    );
  });

  it('is all of it for whoever is alone with one thing', () => {
    expect(share([{ of: 'bob', id: 1 }], { of: 'bob', id: 1 })).toBe(stepsPerLook);
  });
});
