import { describe, expect, it } from 'vitest';
import { Duration } from '../../crds/v1alpha1/index.ts';
import { durationMs, shortestMs, storedDurationMs } from './duration.ts';

describe('a duration', () => {
  it.each([
    ['1ms', 1],
    ['1s', 1_000],
    ['30m', 1_800_000],
    ['48h', 172_800_000],
    ['7d', 604_800_000],
    ['1h30m', 5_400_000],
    ['1d12h', 129_600_000],
    ['0s', 0],
    ['007s', 7_000],
    ['1s1s', 2_000],
    ['1m1ms', 60_001],
  ])('%s has %d milliseconds', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  it.each(['', ' ', '1', 'h', '1H', '1 h', ' 1h', '1h ', '-1h', '+1h', '1.5h', '1h-30m', '1w', '1y', '1µs', '1h30', 'PT1H', '1e3s', '١s'])(
    '%j is none',
    (text) => {
      expect(() => durationMs(text)).toThrow(expect.objectContaining({ code: 'InvalidDuration' }));
      expect(() => durationMs(text)).toThrow(`"${text}" is not a duration`);
      expect(storedDurationMs(text)).toBeUndefined();
    },
  );

  it.each(['1s', '48h', '1h30m', '1d12h', '999999d'])('that the schema accepts can be read: %s', (text) => {
    expect(Duration.safeParse(text).success).toBe(true);
    expect(durationMs(text)).toBeGreaterThan(0);
  });
});

describe('the shortest of several durations', () => {
  it.each<[number | undefined, (string | undefined)[]]>([
    [undefined, []],
    [undefined, [undefined, undefined]],
    [3_600_000, ['1h']],
    [1_800_000, ['1h', undefined, '30m', '2h']],
    [3_600_000, ['1h', '']],
    [0, ['1h', '0s']],
  ])('is %s of %j', (ms, texts) => {
    expect(shortestMs(texts)).toBe(ms);
  });
});
