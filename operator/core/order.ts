/** By code units, the same on every machine: no locale has a say in what is decided. For `sort`. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface Timed {
  /** RFC 3339, to the second. */
  readonly time: string;
  readonly uid: string;
}

/** The earlier decision first; of two in one second, in an order that is at least always the same. For `sort`. */
export const byTime = (a: Timed, b: Timed): number => compare(a.time, b.time) || compare(a.uid, b.uid);
