interface Dated<T> {
  readonly item: T;
  /** Milliseconds since the epoch from which it is kept. */
  readonly at: number;
  /** Somebody still has to do something about it: it stays, however old it is, and takes nobody else's place. */
  readonly needed?: boolean;
  /** It came to nothing: nobody approved it, and nothing ran. */
  readonly idle?: boolean;
}

/**
 * What has been kept long enough: older than `keepMs`, or beyond the `most` newest, and not needed any more. What was approved and what came to nothing
 * have half of the places each, and whatever the others leave: nobody pushes the record of what ran out by asking for much and cancelling it. `next` is
 * when the next becomes due by age; Infinity when none will.
 */
export function expired<T>(
  items: readonly Dated<T>[],
  { now, keepMs, most }: { now: number; keepMs: number; most: number },
): { due: T[]; next: number } {
  const newestFirst = items.filter(({ needed }) => needed !== true).sort((a, b) => b.at - a.at);
  const ran = newestFirst.filter(({ idle }) => idle !== true);
  const idle = newestFirst.filter((dated) => dated.idle === true);
  const beyond = new Set([
    ...ran.slice(Math.max(Math.ceil(most / 2), most - idle.length)),
    ...idle.slice(Math.max(Math.floor(most / 2), most - ran.length)),
  ]);
  const isDue = (dated: Dated<T>): boolean => beyond.has(dated) || dated.at + keepMs <= now;
  return {
    due: newestFirst.filter(isDue).map((dated) => dated.item),
    next: newestFirst.reduce((soonest, dated) => (isDue(dated) ? soonest : Math.min(soonest, dated.at + keepMs)), Infinity),
  };
}
