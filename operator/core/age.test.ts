import { describe, expect, it } from 'vitest';
import { age, instant, relative, span } from './age.ts';

const s = 1000;
const m = 60 * s;
const h = 60 * m;
const d = 24 * h;

describe('span', () => {
  // The table of kubectl's own tests (apimachinery, duration_test.go).
  it.each([
    [0, '0s'],
    [-5 * s, '0s'],
    [70 * s, '70s'],
    [119 * s, '119s'],
    [2 * m, '2m'],
    [3 * m + 5 * s, '3m5s'],
    [10 * m, '10m'],
    [179 * m, '179m'],
    [3 * h, '3h'],
    [4 * h + 30 * m, '4h30m'],
    [8 * h + 1 * m, '8h'],
    [47 * h, '47h'],
    [2 * d, '2d'],
    [3 * d + 5 * h, '3d5h'],
    [8 * d, '8d'],
    [700 * d, '700d'],
    [2 * 365 * d + 5 * d, '2y5d'],
    [9 * 365 * d, '9y'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(span(ms)).toBe(text);
  });
});

describe('times seen from now', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');

  it('says how long until a deadline, and how long since', () => {
    expect(relative('2026-11-21T15:30:00Z', now)).toBe('in 3h30m');
    expect(relative('2026-11-21T11:59:00Z', now)).toBe('60s ago');
    expect(relative('2026-11-21T12:00:00Z', now)).toBe('now');
  });

  it('admits what it does not know', () => {
    expect(age(undefined, now)).toBe('<unknown>');
    expect(relative('soon', now)).toBe('<unknown>');
    expect(instant('soon')).toBe('<unknown>');
  });

  it('writes instants in UTC to the second', () => {
    expect(instant('2026-11-21T12:00:00.123456Z')).toBe('2026-11-21 12:00:00Z');
  });
});
