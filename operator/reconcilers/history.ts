import type { RequestRecord } from './records.ts';
import type { World } from './world.ts';

/** As many runs as count. */
const mostRuns = 100;

interface Run {
  readonly uid: string;
  /** RFC 3339. */
  readonly at: string;
  readonly failed: boolean;
}

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

  /** Per cent, by the rule of succession: what has never run is as likely to fail as not, and each run moves that a little. */
  failureRate(namespace: string, operation: string): number {
    const runs = this.#runs.get(`${namespace}/${operation}`) ?? [];
    return (100 * (runs.filter((run) => run.failed).length + 1)) / (runs.length + 2);
  }

  #add(request: RequestRecord): void {
    const run = runOf(request);
    if (run === undefined) return;
    const key = keyOf(request);
    const others = (this.#runs.get(key) ?? []).filter((r) => r.uid !== run.uid);
    const all = [...others, run].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.uid < b.uid ? -1 : 1));
    this.#runs.set(key, all.slice(-mostRuns));
  }

  #remove(request: RequestRecord): void {
    const key = keyOf(request);
    const left = (this.#runs.get(key) ?? []).filter((r) => r.uid !== request.uid);
    if (left.length === 0) this.#runs.delete(key);
    else this.#runs.set(key, left);
  }
}

const keyOf = ({ namespace, spec }: RequestRecord): string => `${namespace}/${spec.operation}`;

/** Only what ran to an end that somebody saw. */
function runOf({ uid, status }: RequestRecord): Run | undefined {
  const end = status?.conditions.find((c) => c.type === 'Completed' && c.status === 'True');
  if (end === undefined || (end.reason !== 'Succeeded' && end.reason !== 'Failed')) return undefined;
  return { uid, at: end.lastTransitionTime, failed: end.reason === 'Failed' };
}
