import { keepNewest } from '../../../operator/core/keepNewest.ts';

/** So many failures in a row, and a target is left alone for a while. */
const mostFailures = 3;
const shortestMs = 15_000;
const longestMs = 600_000;
/** As many targets are remembered; whoever names ever new ones must not fill the memory. */
const mostKept = 10_000;

interface Kept {
  readonly failures: number;
  readonly until: number;
}

/** Which targets are left alone just now, so that one that is dead delays nobody else. */
export class Breakers {
  /** The one that failed the longest ago first. */
  readonly #kept = new Map<string, Kept>();

  /** It took something. Says whether it had been left alone before. */
  taken(target: string): 'resumed' | undefined {
    const wasDead = (this.#kept.get(target)?.failures ?? 0) >= mostFailures;
    this.#kept.delete(target);
    return wasDead ? 'resumed' : undefined;
  }

  /**
   * It did not take something that may be tried again. Says whether it is left alone from now on. What it asks for with one answer may be meant for one
   * thing, and holds up the others no longer than failing does.
   */
  failed(target: string, now: number, retryAfterMs = 0): 'opened' | undefined {
    const failures = (this.#kept.get(target)?.failures ?? 0) + 1;
    const pause = failures < mostFailures ? 0 : Math.min(shortestMs * 2 ** (failures - mostFailures), longestMs);
    keepNewest(this.#kept, target, { failures, until: now + Math.max(pause, Math.min(retryAfterMs, longestMs)) }, mostKept);
    return failures === mostFailures ? 'opened' : undefined;
  }

  /** Those that are left alone now. */
  resting(now: number): string[] {
    return [...this.#kept].flatMap(([target, { until }]) => (until > now ? [target] : []));
  }
}
