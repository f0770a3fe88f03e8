/** What there is to tell of released work: that it runs, the same where a GovernedJob's own status tells it at once, or that it has ended. */
export type RunNews = 'runs' | 'runsAsToldElsewhere' | 'ended';

/** That something runs waits for the news that it has ended, which makes one status write of two. */
const leastMs: Readonly<Record<RunNews, number>> = { runs: 2_000, runsAsToldElsewhere: 10_000, ended: 0 };
/** How long either waits while others wait to be released: that news is for reading, a release is what people wait for. */
const busyMs = 60_000;
const lookAgainMs = 10_000;
/** So many at once are no burst. */
const few = 8;

/** What this process is releasing and has released a moment ago. */
export class Releases {
  readonly #monotonic: () => number;
  readonly #at = new Map<string, number>();
  #underWay = 0;

  /** Monotonic milliseconds; a test may give its own. */
  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
  }

  /** Counts work that ends in a release, until it has ended in whatever way. */
  async during<R>(work: () => Promise<R>): Promise<R> {
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
    }
  }

  released(key: string): void {
    this.#at.set(key, this.#monotonic());
  }

  /** The news is written, or there is nobody left to tell it of. */
  forget(key: string): void {
    this.#at.delete(key);
  }

  /** Whether so many are being released that what is only for reading should wait for them. */
  get areMany(): boolean {
    return this.#underWay > few;
  }

  /** How long the news of a run may wait; undefined when it should be told. */
  newsWaits(key: string, news: RunNews): number | undefined {
    const at = this.#at.get(key);
    if (at === undefined) return undefined;
    const age = this.#monotonic() - at;
    const least = leastMs[news];
    if (age < least) return least - age;
    return this.areMany && age < busyMs ? lookAgainMs : undefined;
  }
}
