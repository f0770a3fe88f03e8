import type { Outcome, Ref } from '../core/ports.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Priority } from './workQueue.ts';

/** What becomes of an error: `attempt` counts from 1 and starts again after a success. */
export type ErrorPolicy = (error: unknown, attempt: number) => Outcome;

export interface ControllerOptions {
  readonly name: string;
  /** How many keys are worked on at one time. */
  readonly concurrency: number;
  readonly reconcile: (ref: Ref) => Promise<Outcome>;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Default: back off with jitter, for ever. */
  readonly errorPolicy?: ErrorPolicy;
}

/** Works through keys; the same key never twice at one time. */
export class Controller {
  constructor(_options: ControllerOptions) {
    // Bodies follow.
  }

  /** Asks for a pass over this key. May be called before start; repeats fold. */
  enqueue(_key: string, _options?: { readonly priority?: Priority; readonly afterMs?: number }): void {
    throw new Error('not built yet');
  }

  start(): void {
    throw new Error('not built yet');
  }

  /** Takes no new keys and waits for the running ones. */
  stop(): Promise<void> {
    throw new Error('not built yet');
  }
}
