import { setTimeout as sleep } from 'node:timers/promises';
import type { BareClient } from './bareClient.ts';
import { follow, type Event, type Seen } from './follow.ts';

/** A watch of its own on one collection: when each object was first seen to be as awaited. It asks nobody whom it measures. */
export class Sightings {
  readonly #collection: string;
  readonly #awaited: (object: Seen) => boolean;
  readonly #at = new Map<string, number>();
  readonly #objects = new Map<string, Seen>();
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(collection: string, awaited: (object: Seen) => boolean) {
    this.#collection = collection;
    this.#awaited = awaited;
  }

  /** Begins to watch a collection, from now on. */
  static async of(client: BareClient, collection: string, awaited: (object: Seen) => boolean): Promise<Sightings> {
    const sightings = new Sightings(collection, awaited);
    sightings.#running = (await follow(client, collection, sightings.#ending.signal, (event) => sightings.#see(event))).ended;
    return sightings;
  }

  #see({ type, object }: Event): void {
    const { name } = object.metadata;
    if (type === 'DELETED' || this.#at.has(name) || !this.#awaited(object)) return;
    this.#at.set(name, performance.now());
    this.#objects.set(name, object);
  }

  /** When the object of that name was seen, on the clock of performance.now(); undefined: not yet. */
  at(name: string): number | undefined {
    return this.#at.get(name);
  }

  objects(): Seen[] {
    return [...this.#objects.values()];
  }

  /** Waits until so many were seen; when the last of them was. @throws after `patienceMs` in which nothing more was seen. */
  async count(n: number, patienceMs = 60_000): Promise<number> {
    let [known, since] = [this.#at.size, performance.now()];
    while (this.#at.size < n) {
      await Promise.race([sleep(5), this.#running]);
      if (this.#at.size > known) [known, since] = [this.#at.size, performance.now()];
      if (performance.now() - since > patienceMs)
        throw new Error(`${this.#collection}: ${known} of ${n} seen, and no more in ${patienceMs / 1000} s`);
    }
    return Math.max(...this.#at.values());
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }
}
