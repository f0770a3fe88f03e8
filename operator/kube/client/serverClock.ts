/** How fast two clocks may drift apart, in ms per ms: far worse than any real clock. */
const drift = 0.0005;

/**
 * Estimates the API server's clock from the Date header of its answers. Each answer tells the time to the second, so the offset lies in an
 * interval; the intervals of many answers intersect in a few milliseconds. Local time is monotonic: setting the local clock changes nothing.
 */
export class ServerClock {
  readonly #monotonic: () => number;
  #low = -Infinity;
  #high = Infinity;
  #seenAt = 0;
  #text = '';
  #parsed = NaN;

  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
  }

  /** True once an answer has told the time. */
  get known(): boolean {
    return this.#low !== -Infinity;
  }

  /** `date` was in an answer to a request that was begun at `begun` (monotonic) and has just arrived. */
  sample(date: string, begun: number): void {
    // The same text arrives hundreds of times a second.
    if (date !== this.#text) {
      this.#text = date;
      this.#parsed = Date.parse(date);
    }
    if (Number.isNaN(this.#parsed)) return;
    const arrived = this.#monotonic();
    const low = this.#parsed - arrived;
    const high = this.#parsed + 1000 - begun;
    const widening = (arrived - this.#seenAt) * drift;
    this.#low = Math.max(this.#low - widening, low);
    this.#high = Math.min(this.#high + widening, high);
    this.#seenAt = arrived;
    // Nothing in common with what was known: the server's clock was set, or this machine slept.
    if (this.#low > this.#high) {
      this.#low = low;
      this.#high = high;
    }
  }

  /** Milliseconds since the epoch. */
  now(): number {
    if (!this.known) return Date.now();
    return Math.round(this.#monotonic() + (this.#low + this.#high) / 2);
  }
}
