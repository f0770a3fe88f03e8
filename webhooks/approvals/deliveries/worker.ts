import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { Metrics } from '../../../operator/telemetry/metrics.ts';
import type { Store } from '../store/index.ts';
import { claim, conclude, giveBack, type Delivery, type Outcome } from '../store/outbox.ts';
import { Breakers } from './breakers.ts';
import type { Came, Deliverer } from './deliverer.ts';

export interface WorkerOptions {
  readonly store: Store;
  /** What it delivers. */
  readonly kind: Delivery['kind'];
  readonly deliverer: Deliverer;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'deliveries'>;
  readonly now?: () => number;
  /** How long one attempt may take; a test may give its own. */
  readonly attemptMs?: number;
  /** For how long nobody else takes what this worker has. Longer than an attempt. */
  readonly leaseMs?: number;
  readonly pollMs?: number;
  /** How long a worker that ends waits for what is under way. */
  readonly patienceMs?: number;
}

const attemptMs = 45_000;
const leaseMs = 60_000;
const pollMs = 1_000;
/** What was not taken in a day is given up. */
const giveUpMs = 24 * 3_600_000;
const mostAtOnce = 32;
/** Of one target at a time, as a rule: one that hangs must not have all places. */
const mostOfTarget = 4;
/** How long to wait when the database is away. */
const awayMs = 2_000;

const patienceMs = 5_000;

/** Delivers what is owed of one kind, at least once, whichever of the replicas comes first. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #name = randomUUID();
  readonly #breakers = new Breakers();
  /** What is under way, with its target. */
  readonly #underWay = new Map<Promise<void>, string>();
  readonly #ending = new AbortController();
  #wake: () => void = () => undefined;
  #wanted = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** There is something new to deliver. */
  kick(): void {
    this.#wanted = true;
    this.#wake();
  }

  /** Ends; what was not begun, or does not end in a few seconds, is for others. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#wake();
    await this.#loop;
    await Promise.race([Promise.all(this.#underWay.keys()), sleep(this.#options.patienceMs ?? patienceMs)]);
    await giveBack(this.#options.store, this.#name).catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      this.#wanted = false;
      const begun = await this.#beginSome();
      if (begun === 0) await this.#idle();
    }
  }

  /** Says how many. */
  async #beginSome(): Promise<number> {
    const { store, log, kind } = this.#options;
    const free = mostAtOnce - this.#underWay.size;
    if (free <= 0) return 0;
    try {
      const claiming = { worker: this.#name, kind, limit: Math.min(free, mostOfTarget), leaseMs: this.#options.leaseMs ?? leaseMs };
      const found = await claim(store, { ...claiming, exceptTargets: this.#busy() }, this.#now());
      for (const delivery of found) this.#begin(delivery);
      return found.length;
    } catch (error) {
      log.warn({ err: error }, 'what is owed to channels and callbacks cannot be read just now');
      await sleep(awayMs, undefined, { signal: this.#ending.signal }).catch(() => undefined);
      return 0;
    }
  }

  #busy(): string[] {
    const counts = new Map<string, number>();
    for (const target of this.#underWay.values()) counts.set(target, (counts.get(target) ?? 0) + 1);
    const full = [...counts].flatMap(([target, count]) => (count >= mostOfTarget ? [target] : []));
    return [...new Set([...full, ...this.#breakers.resting(this.#now())])];
  }

  #begin(delivery: Delivery): void {
    const work = this.#attempt(delivery).finally(() => {
      this.#underWay.delete(work);
      this.kick();
    });
    this.#underWay.set(work, delivery.target);
  }

  /** Never rejects. */
  async #attempt(delivery: Delivery): Promise<void> {
    const { deliverer, log, metrics } = this.#options;
    const came = await this.#deliver(delivery);
    const outcome = this.#outcomeOf(came, delivery);
    metrics.deliveries.inc({ channel_type: deliverer.labelOf(delivery), result: resultOf(came, outcome) });
    const level = came.what === 'refused' ? 'warn' : 'debug';
    const { id, target, attempts: attempt } = delivery;
    // Why nobody was reached is here and nowhere else: whoever named the target reads the message.
    const why = came.what === 'refused' && came.refused.cause !== undefined ? { cause: came.refused.cause } : {};
    log[level]({ delivery: id, target, attempt, state: outcome.state, ...why }, outcome.message);
    await this.#keep(delivery, outcome);
  }

  async #deliver(delivery: Delivery): Promise<Came> {
    if (this.#now() > delivery.createdAt + giveUpMs && delivery.attempts > 1) return givenUp;
    const attempt = this.#options.deliverer.deliver(delivery).catch((error: unknown): Came => {
      this.#options.log.warn({ err: error, delivery: delivery.id }, 'an attempt to deliver failed in itself');
      return failing('It could not be put together just now.');
    });
    // A deliverer has limits of its own; should one fail, the place is free again all the same.
    const late = new AbortController();
    const timeout = sleep(this.#options.attemptMs ?? attemptMs, failing('It took too long.'), { signal: late.signal });
    return Promise.race([attempt, timeout.catch(() => attempt)]).finally(() => late.abort());
  }

  #outcomeOf(came: Came, delivery: Delivery): Outcome {
    const { deliverer } = this.#options;
    const now = this.#now();
    switch (came.what) {
      case 'taken': {
        const health = this.#breakers.taken(delivery.target);
        if (health !== undefined) deliverer.onHealth?.(delivery, health, came.message);
        return { state: 'Delivered', message: came.message, reference: came.reference };
      }
      case 'dropped':
        return { state: 'Dropped', message: came.message };
      case 'later':
        return { state: 'Pending', message: came.message, nextAt: now + came.inMs };
      case 'refused': {
        const { final, message, retryAfterMs } = came.refused;
        if (final) return { state: 'Failed', message };
        const health = this.#breakers.failed(delivery.target, now, retryAfterMs);
        if (health !== undefined) deliverer.onHealth?.(delivery, health, message);
        const nextAt = now + Math.max(deliverer.delayMs(delivery.attempts), retryAfterMs ?? 0);
        return nextAt > delivery.createdAt + giveUpMs
          ? { state: 'Failed', message: `${message} It is not tried any more: a day has gone by.` }
          : { state: 'Pending', message, nextAt };
      }
    }
  }

  /** The outside has it, or not: that must not be forgotten because the database is away for a moment. Once the lease is over, others do it again. */
  async #keep({ id }: Delivery, outcome: Outcome): Promise<void> {
    const { store, log } = this.#options;
    const until = this.#now() + (this.#options.leaseMs ?? leaseMs);
    for (;;) {
      try {
        await conclude(store, id, this.#name, outcome, this.#now());
        return;
      } catch (error) {
        if (this.#now() > until || this.#ending.signal.aborted) {
          log.warn({ err: error, delivery: id }, 'what came of a delivery could not be kept: it may be made again');
          return;
        }
        await sleep(awayMs / 2);
      }
    }
  }

  async #idle(): Promise<void> {
    if (this.#wanted || this.#ending.signal.aborted) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await sleep(this.#options.pollMs ?? pollMs, undefined, { signal: woken.signal }).catch(() => undefined);
    this.#wake = () => undefined;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

const failing = (message: string): Came => ({ what: 'refused', refused: { final: false, message } });
const givenUp: Came = { what: 'refused', refused: { final: true, message: 'It was given up: a day went by.' } };

function resultOf({ what }: Came, { state }: Outcome): string {
  if (what === 'refused') return state === 'Failed' ? 'failed' : 'retried';
  return { taken: 'delivered', dropped: 'dropped', later: 'postponed' }[what];
}
