/** How fast and how many at once. Absent values do not limit. */
export interface LimiterOptions {
  readonly qps?: number | undefined;
  readonly burst?: number | undefined;
  readonly maxInFlight?: number | undefined;
}

/** A token bucket and a count of requests under way; those who wait are served in order. */
export class Limiter {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #maxInFlight: number;
  readonly #waiting: (() => void)[] = [];
  #tokens: number;
  #filledAt: number;
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LimiterOptions) {
    this.#perMs = options.qps === undefined ? Infinity : options.qps / 1000;
    this.#burst = Math.max(1, options.burst ?? options.qps ?? 1);
    this.#maxInFlight = options.maxInFlight ?? Infinity;
    this.#tokens = this.#burst;
    this.#filledAt = performance.now();
  }

  /** Undefined when one may go on at once, which spares a promise on the usual path. Each acquire needs one release. */
  acquire(): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#take()) return undefined;
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#serve();
    return turn;
  }

  release(): void {
    this.#inFlight -= 1;
    if (this.#waiting.length > 0) this.#serve();
  }

  #take(): boolean {
    if (this.#inFlight >= this.#maxInFlight) return false;
    if (this.#perMs !== Infinity) {
      const now = performance.now();
      this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filledAt) * this.#perMs);
      this.#filledAt = now;
      if (this.#tokens < 1) return false;
      this.#tokens -= 1;
    }
    this.#inFlight += 1;
    return true;
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.#take()) this.#waiting.shift()?.();
    // Only the bucket needs a timer; a free place is told by release.
    if (this.#waiting.length === 0 || this.#timer !== undefined || this.#inFlight >= this.#maxInFlight) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#serve();
      },
      Math.ceil((1 - this.#tokens) / this.#perMs),
    );
  }
}
