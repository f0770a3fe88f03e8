import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expired } from './retention.ts';

const at = (time: number) => ({ item: `t${time}`, at: time });

describe('what has been kept long enough', () => {
  it('is older than it is to be kept', () => {
    expect(expired([at(10), at(90), at(50)], { now: 100, keepMs: 50, most: 10 })).toEqual({ due: ['t50', 't10'], next: 140 });
  });

  it('is due at the very moment, not before', () => {
    expect(expired([at(50)], { now: 99, keepMs: 50, most: 10 })).toEqual({ due: [], next: 100 });
    expect(expired([at(50)], { now: 100, keepMs: 50, most: 10 })).toEqual({ due: ['t50'], next: Infinity });
  });

  it('is what is beyond the newest so many', () => {
    expect(expired([at(1), at(2), at(3), at(4)], { now: 5, keepMs: 100, most: 2 })).toEqual({ due: ['t2', 't1'], next: 103 });
  });

  it('is everything when nothing may be kept, and nothing when there is nothing', () => {
    expect(expired([at(1)], { now: 2, keepMs: 100, most: 0 })).toEqual({ due: ['t1'], next: Infinity });
    expect(expired([], { now: 2, keepMs: 100, most: 5 })).toEqual({ due: [], next: Infinity });
  });

  it('is never what is still needed, which takes no place of others', () => {
    const needed = { ...at(1), needed: true };
    expect(expired([needed, at(2), at(3)], { now: 1_000, keepMs: 10, most: 1 })).toEqual({ due: ['t3', 't2'], next: Infinity });
    expect(expired([needed, at(999), at(998)], { now: 1_000, keepMs: 100, most: 1 })).toEqual({ due: ['t998'], next: 1_099 });
    expect(expired([{ ...needed, needed: false }], { now: 1_000, keepMs: 10, most: 1 }).due).toEqual(['t1']);
  });

  it('is first what came to nothing, as long as that has more than half of the places', () => {
    const idle = (time: number) => ({ ...at(time), idle: true });
    const limits = { now: 100, keepMs: 1_000, most: 4 };
    expect(expired([at(1), at(2), idle(3), idle(4), idle(5), idle(6)], limits).due).toEqual(['t4', 't3']);
    expect(expired([at(1), idle(3), idle(4), idle(5), idle(6)], limits).due).toEqual(['t3']);
    expect(expired([idle(1), at(3), at(4), at(5), at(6)], limits).due).toEqual(['t3']);
    expect(expired([idle(1), idle(2), at(3), at(4), at(5), at(6)], limits).due).toEqual(['t4', 't3']);
  });

  it('does not depend on the order in which it is found, keeps no more than it may, and the newest', () => {
    const items = fc.uniqueArray(fc.nat(200), { maxLength: 30 });
    fc.assert(
      fc.property(items, fc.nat(200), fc.nat(100), fc.nat(20), (times, now, keepMs, most) => {
        const { due, next } = expired(times.map(at), { now, keepMs, most });
        expect(expired([...times].reverse().map(at), { now, keepMs, most })).toEqual({ due, next });
        const kept = times.filter((t) => !due.includes(`t${t}`));
        const newest = [...times].sort((a, b) => b - a).slice(0, most);
        expect(new Set(kept)).toEqual(new Set(newest.filter((t) => t + keepMs > now)));
        expect(next).toBe(Math.min(Infinity, ...kept.map((t) => t + keepMs)));
      }),
    );
  });
});
