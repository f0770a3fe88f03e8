import { isDeepStrictEqual } from 'node:util';
import { wake, type Outcome } from '../../core/ports.ts';
import type { Plan } from '../../core/plan.ts';
import type { World } from '../world.ts';
import type { Observed } from './observe.ts';

/**
 * Records overrides one after the other: of two by the same person that are looked at in one moment, the second must know of the review that the
 * first is owed. Requests that nobody overrides do not wait.
 */
export class Overriding {
  readonly #world: World;
  #last: Promise<unknown> = Promise.resolve();

  constructor(world: World) {
    this.#world = world;
  }

  /** Does `work`, which writes the status that `plan` wants. */
  async during(observed: Observed, plan: Plan, work: () => Promise<Outcome>): Promise<Outcome> {
    const { override } = plan.status;
    if (override === undefined || observed.request.status?.override !== undefined) return work();
    const before = this.#last;
    const mine = before.then(() => (this.#isNews(observed) ? wake(0) : work()));
    // Whoever comes next waits for it, however it ends; how it ended is for who asked.
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** Whether another override is on record by now: the answer of an own write is in the cache before the next begins. */
  #isNews({ request, facts }: Observed): boolean {
    return !isDeepStrictEqual(this.#world.reviewsOwed(request.uid), facts.reviewsOwed);
  }
}
