import type { Outcome, Ref } from '../core/ports.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { ApiError, isConflict } from './client/apiError.ts';
import { refOf } from './keys.ts';
import { NotLeader } from './notLeader.ts';
import { reasonOf } from './reasonOf.ts';
import { WorkQueue } from './workQueue.ts';
import type { BackOff, Priority } from './workQueue.ts';

/** What becomes of an error: `attempt` counts from 1 and starts again after a success. Undefined: back off as usual. */
export type ErrorPolicy = (error: unknown, attempt: number) => Outcome | undefined;

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

const afterError: BackOff = { baseMs: 100, capMs: 60_000 };
/** Somebody wrote in between: what they wrote is about to arrive, so look again soon. */
const afterConflict: BackOff = { baseMs: 10, capMs: 5_000 };

/** What is behind everything else gets this part of the workers: all of them would fill the connections, and what is urgent waits there too. */
const lowPart = 16;

/** Works through keys, several at a time, the same key never twice at one time. */
export class Controller {
  readonly queue: WorkQueue;
  readonly #options: ControllerOptions;
  readonly #log: Logger;
  #running = 0;
  #state: 'new' | 'started' | 'stopped' = 'new';
  #drained: (() => void) | undefined;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#log = options.log.child({ controller: options.name });
    const mostLow = Math.max(1, Math.floor(options.concurrency / lowPart));
    this.queue = new WorkQueue({ name: options.name, metrics: options.metrics, mostLow });
    this.queue.onReady(() => this.#pump());
  }

  /** Asks for a pass over this key, now or later. May be called before start; repeats fold, the earliest wins. */
  enqueue(key: string, options: { readonly priority?: Priority; readonly afterMs?: number } = {}): void {
    this.queue.addAfter(key, options.afterMs ?? 0, options.priority);
  }

  start(): void {
    if (this.#state !== 'new') throw new Error(`controller ${this.#options.name} was started before`);
    this.#state = 'started';
    this.#pump();
  }

  /** Takes no new keys and waits for the running ones. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.queue.close();
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
  }

  #pump(): void {
    while (this.#state === 'started' && this.#running < this.#options.concurrency) {
      const key = this.queue.take();
      if (key === undefined) return;
      this.#running += 1;
      void this.#pass(key);
    }
  }

  async #pass(key: string): Promise<void> {
    const { name, metrics } = this.#options;
    const begun = performance.now();
    let outcome: string;
    try {
      outcome = this.#settle(key, await this.#options.reconcile(refOf(key)));
    } catch (error) {
      outcome = this.#failed(key, error);
    }
    metrics.reconciles.inc({ controller: name, outcome });
    metrics.reconcileDuration.observe({ controller: name }, (performance.now() - begun) / 1000);
    this.#running -= 1;
    this.queue.done(key);
    this.#pump();
    if (this.#running === 0) this.#drained?.();
  }

  #settle(key: string, outcome: Outcome): string {
    this.queue.forget(key);
    if (outcome.kind === 'wake') this.queue.addAfter(key, outcome.afterMs);
    if (outcome.kind === 'gaveUp') this.#log.warn({ key, reason: outcome.reason }, 'gave up on an object until it changes');
    return outcome.kind;
  }

  /** Plans the next attempt; returns what the metrics call it. */
  #failed(key: string, error: unknown): string {
    if (isConflict(error)) {
      this.queue.addFailed(key, afterConflict);
      return 'conflict';
    }
    if (error instanceof NotLeader) {
      // Not an error: the new leader has this key too, and this process stops or leads again.
      this.queue.addFailed(key, afterError);
      return 'fenced';
    }
    const attempt = this.queue.failures(key) + 1;
    const reason = reasonOf(error);
    this.#options.metrics.reconcileErrors.inc({ controller: this.#options.name, reason });
    const outcome = this.#options.errorPolicy?.(error, attempt);
    const retryInMs = this.#retry(key, error, outcome);
    this.#log.error({ key, err: error, reason, attempt, retryInMs }, 'a pass over an object failed');
    return 'error';
  }

  /** In how many milliseconds the key is tried again; undefined: not until it changes. */
  #retry(key: string, error: unknown, outcome: Outcome | undefined): number | undefined {
    if (outcome === undefined) return Math.round(this.queue.addFailed(key, afterError, error instanceof ApiError ? error.retryAfterMs : 0));
    if (outcome.kind === 'wake') return Math.round(this.queue.addFailed(key, { baseMs: 0, capMs: 0 }, outcome.afterMs));
    this.queue.forget(key);
    return undefined;
  }
}
