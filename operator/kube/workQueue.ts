import type { Metrics } from '../telemetry/metrics.ts';

/** `low` waits while anything `normal` is ready. */
export type Priority = 'low' | 'normal';

export interface WorkQueueOptions {
  readonly name: string;
  readonly metrics: Metrics;
}

/** Keys that are due, due later, or being worked on. */
export class WorkQueue {
  constructor(_options: WorkQueueOptions) {
    // Bodies follow.
  }

  add(_key: string, _priority?: Priority): void {
    throw new Error('not built yet');
  }

  addAfter(_key: string, _ms: number, _priority?: Priority): void {
    throw new Error('not built yet');
  }
}
