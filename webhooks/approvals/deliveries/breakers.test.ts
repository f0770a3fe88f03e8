import { describe, expect, it } from 'vitest';
import { Breakers } from './breakers.ts';

const minute = 60_000;

describe('a target that does not take what it is sent', () => {
  it('is left alone for as long as it asks, and for ten minutes at most', () => {
    const breakers = new Breakers();
    breakers.failed('patient', 0, 2 * minute);
    breakers.failed('greedy', 0, 24 * 60 * minute);
    expect(breakers.resting(2 * minute - 1)).toEqual(['patient', 'greedy']);
    expect(breakers.resting(2 * minute)).toEqual(['greedy']);
    expect(breakers.resting(10 * minute)).toEqual([]);
  });

  it('is left alone from the third time on, and no longer once it takes something', () => {
    const breakers = new Breakers();
    expect([1, 2, 3].map(() => breakers.failed('dead', 0))).toEqual([undefined, undefined, 'opened']);
    expect(breakers.resting(1)).toEqual(['dead']);
    expect(breakers.taken('dead')).toBe('resumed');
    expect(breakers.resting(1)).toEqual([]);
  });
});
