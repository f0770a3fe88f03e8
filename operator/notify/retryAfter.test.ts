import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retryAfter.ts';

const now = Date.UTC(2026, 10, 21, 12, 0, 0);

describe('Retry-After', () => {
  it.each<[string, string | string[] | undefined, number | undefined]>([
    ['in seconds', '30', 30_000],
    ['more than once: the first counts', ['2', '60'], 2_000],
    ['as a date', 'Sat, 21 Nov 2026 12:01:00 GMT', 60_000],
    ['as a date that is over', 'Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['of a year is at most a day', '31536000', 86_400_000],
    ['that is no number is nothing', 'soon', undefined],
    ['that is negative is nothing to count on', '-5', undefined],
    ['that is empty is nothing', ' ', undefined],
    ['that is absent is nothing', undefined, undefined],
  ])('%s', (_what, header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});
