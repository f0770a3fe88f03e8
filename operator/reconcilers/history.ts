import { failureRateOf, lastRuns, runOf, type Run } from '../core/failureRate.ts';
import type { RequestRecord } from './records.ts';
import type { World } from './world.ts';

/**
 * How runs of an operation ended, counted from the requests that retention has kept: their own status is the durable record, so a restart forgets nothing.
 * Kept as the last hundred of each namespace and operation, so that asking costs nothing.
 */
export class History {
  readonly #runs = new Map<string, Run[]>();
  #unsubscribe: () => void = () => undefined;

  /** Counts what is there and whatever ends from now on. The world must be in sync. */
  follow(world: Pick<World, 'requests'>): void {
    for (const request of world.requests.values()) this.#add(request);
    this.#unsubscribe = world.requests.onChange(({ old, new: now }) => {
      if (now !== undefined) this.#add(now);
      else if (old !== undefined) this.#remove(old);
    });
  }

  stop(): void {
    this.#unsubscribe();
  }

  /** Per cent. */
  failureRate(namespace: string, operation: string): number {
    return failureRateOf(this.#runs.get(`${namespace}/${operation}`) ?? []);
  }

  #add(request: RequestRecord): void {
    const run = runOf(request.uid, request.status);
    if (run === undefined) return;
    const key = keyOf(request);
    const others = (this.#runs.get(key) ?? []).filter((r) => r.uid !== run.uid);
    this.#runs.set(key, lastRuns([...others, run]));
  }

  #remove(request: RequestRecord): void {
    const key = keyOf(request);
    const left = (this.#runs.get(key) ?? []).filter((r) => r.uid !== request.uid);
    if (left.length === 0) this.#runs.delete(key);
    else this.#runs.set(key, left);
  }
}

const keyOf = ({ namespace, spec }: RequestRecord): string => `${namespace}/${spec.operation}`;
