import { CountersignError } from './errors.ts';
import { remembered } from './remembered.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a duration such as `48h`, `1h30m` or `7d`.
 * @throws CountersignError `InvalidDuration` naming what was written.
 */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/([0-9]+)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map((p) => p[0]).join('') !== text) {
    throw new CountersignError('InvalidDuration', `"${text}" is not a duration; expected for example 30m, 48h or 1h30m.`);
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? Number.NaN), 0);
}

/** The same, of something that is stored already: the schema has refused what is no duration, so that is read as if it were not there. */
export const storedDurationMs = (text: string | undefined): number | undefined => (text === undefined ? undefined : readDuration(text));

/** Policies and requests say the same few over and over. */
const readDuration = remembered(100, (text): number | undefined => {
  try {
    return durationMs(text);
  } catch {
    return undefined;
  }
});

/** The shortest of the stored durations that are there, in milliseconds; undefined when none is. */
export function shortestMs(durations: readonly (string | undefined)[]): number | undefined {
  const all = durations.flatMap((d) => storedDurationMs(d) ?? []);
  return all.length === 0 ? undefined : Math.min(...all);
}
