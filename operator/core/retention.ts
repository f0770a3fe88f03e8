interface Dated<T> {
  readonly item: T;
  /** Milliseconds since the epoch from which it is kept. */
  readonly at: number;
  /** Somebody still has to do something about it: it stays, however old it is, and takes nobody else's place. */
  readonly needed?: boolean;
}

/**
 * What has been kept long enough: older than `keepMs`, or beyond the `most` newest, and not needed any more. `next` is when the next becomes due by age;
 * Infinity when none will.
 */
export function expired<T>(
  items: readonly Dated<T>[],
  { now, keepMs, most }: { now: number; keepMs: number; most: number },
): { due: T[]; next: number } {
  const newestFirst = items.filter(({ needed }) => needed !== true).sort((a, b) => b.at - a.at);
  const isDue = ({ at }: Dated<T>, index: number): boolean => index >= most || at + keepMs <= now;
  const kept = newestFirst.filter((dated, index) => !isDue(dated, index));
  return {
    due: newestFirst.filter(isDue).map((dated) => dated.item),
    next: kept.reduce((soonest, { at }) => Math.min(soonest, at + keepMs), Infinity),
  };
}
