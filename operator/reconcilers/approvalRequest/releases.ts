/** How long the news that something runs waits for the news that it has ended, which makes one status write of two. */
const calmMs = 2_000;
/** The same for a GovernedJob, whose own status tells at once that it runs. */
const toldElsewhereMs = 10_000;
/** How long it waits while others wait to be released: that news is for reading, a release is what people wait for. */
const busyMs = 30_000;
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

  /** How long the news that it runs may wait; undefined when it should be told. */
  newsWaits(key: string, { toldElsewhere = false }: { readonly toldElsewhere?: boolean } = {}): number | undefined {
    const at = this.#at.get(key);
    if (at === undefined) return undefined;
    const age = this.#monotonic() - at;
    const least = toldElsewhere ? toldElsewhereMs : calmMs;
    if (age < least) return least - age;
    return this.#underWay > few && age < busyMs ? lookAgainMs : undefined;
  }
}
