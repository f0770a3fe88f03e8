import { unavailable } from '../http/failures.ts';

/** How a wait ended. */
export type WaitEnd = 'arrived' | 'late' | 'hungUp';

export interface WaitOptions {
  /** The user name of whoever waits. */
  readonly caller: string;
  readonly ms: number;
  /** Aborted when the caller hangs up or the service ends. */
  readonly signal: AbortSignal;
}

/** Those who wait for something to come to its end, by its uid: a promise and a timer each, woken by whoever learns of the end. */
export class Waiters {
  readonly #most: number;
  /** One caller may not take every place. */
  readonly #mostOfOne: number;
  readonly #waiting = new Map<string, Set<() => void>>();
  /** How many places each caller has, by user name. */
  readonly #places = new Map<string, number>();
  #count = 0;

  /** @param most how many may wait at a time; a tenth of them for one caller. */
  constructor(most: number) {
    this.#most = most;
    this.#mostOfOne = Math.ceil(most / 10);
  }

  /** How many wait now. */
  get count(): number {
    return this.#count;
  }

  /**
   * Waits until `wake` is called with the uid. `isThere` is asked first: what has happened before is not waited for.
   * @throws Problem 503 when too many wait, or too many of this caller.
   */
  wait(uid: string, isThere: () => boolean, { caller, ms, signal }: WaitOptions): Promise<WaitEnd> {
    if (isThere()) return Promise.resolve('arrived');
    if (signal.aborted) return Promise.resolve('hungUp');
    if (this.#count >= this.#most) throw unavailable(`${this.#most} callers wait here already, which is the most`);
    if ((this.#places.get(caller) ?? 0) >= this.#mostOfOne)
      throw unavailable(`${caller} waits here ${this.#mostOfOne} times already, which is the most for one caller`);
    return new Promise((resolve) => {
      const end = (how: WaitEnd): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', hangUp);
        this.#leave(uid, arrive, caller);
        resolve(how);
      };
      const arrive = (): void => end('arrived');
      const hangUp = (): void => end('hungUp');
      const timer = setTimeout(() => end('late'), ms);
      signal.addEventListener('abort', hangUp);
      const same = this.#waiting.get(uid) ?? new Set();
      this.#waiting.set(uid, same.add(arrive));
      this.#count += 1;
      this.#places.set(caller, (this.#places.get(caller) ?? 0) + 1);
    });
  }

  /** Wakes everybody who waits for it. */
  wake(uid: string): void {
    for (const arrive of [...(this.#waiting.get(uid) ?? [])]) arrive();
  }

  #leave(uid: string, arrive: () => void, caller: string): void {
    const same = this.#waiting.get(uid);
    if (same?.delete(arrive) !== true) return;
    this.#count -= 1;
    const places = (this.#places.get(caller) ?? 0) - 1;
    if (places > 0) this.#places.set(caller, places);
    else this.#places.delete(caller);
    if (same.size === 0) this.#waiting.delete(uid);
  }
}
