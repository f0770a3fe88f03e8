import type { Metrics } from '../telemetry/metrics.ts';
import { Fifo } from './fifo.ts';
import { WakeHeap } from './wakeHeap.ts';

/** `low` waits while anything `normal` is ready (but one in sixteen goes first, so that it is not starved). */
export type Priority = 'low' | 'normal';

export interface WorkQueueOptions {
  /** The label `controller` of its metrics. */
  readonly name: string;
  readonly metrics: Metrics;
  /** How many keys that were `low` are worked on at one time; so that, of what is `normal`, nothing waits behind many writes of theirs. */
  readonly mostLow?: number;
  /** Monotonic milliseconds; a test may give its own. */
  readonly monotonic?: () => number;
}

/** How a key that fails is put off: doubling from `base` to `cap`, with jitter down to a half. */
export interface BackOff {
  readonly baseMs: number;
  readonly capMs: number;
}

interface Waiting {
  since: number;
  priority: Priority;
}

const lowShare = 16;
const longestTimerMs = 0x7fffffff;

/** Keys that are due, due later, or being worked on. A key is worked on by one at a time; what is added meanwhile runs once more. */
export class WorkQueue {
  readonly #monotonic: () => number;
  readonly #mostLow: number;
  /** Of the keys being worked on those that were `low`. */
  readonly #runningLow = new Set<string>();
  readonly #ready: Record<Priority, Fifo<string>> = { low: new Fifo(), normal: new Fifo() };
  /** Every key that is due, with the queue that counts; an entry in the other queue is stale. */
  readonly #waiting = new Map<string, Waiting>();
  /** Keys being worked on, with what was asked for meanwhile. */
  readonly #running = new Map<string, Waiting | undefined>();
  /** The earliest wake of a key; a later one in the heap is stale. */
  readonly #wakes = new Map<string, { at: number; priority: Priority }>();
  readonly #heap = new WakeHeap<string>();
  readonly #failures = new Map<string, number>();
  #takes = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #closed = false;
  readonly #stopMeasuring: () => void;
  #onReady: () => void = () => undefined;

  constructor(options: WorkQueueOptions) {
    this.#monotonic = options.monotonic ?? (() => performance.now());
    this.#mostLow = options.mostLow ?? Infinity;
    const { queueDepth, queueOldestAge } = options.metrics;
    // Measured when somebody looks, which costs the queue nothing.
    this.#stopMeasuring = options.metrics.onCollect(() => {
      queueDepth.set({ controller: options.name, priority: 'normal' }, this.#count('normal'));
      queueDepth.set({ controller: options.name, priority: 'low' }, this.#count('low'));
      queueOldestAge.set({ controller: options.name }, this.oldestAgeMs() / 1000);
    });
  }

  /** Calls back whenever a key has become due. */
  onReady(listener: () => void): void {
    this.#onReady = listener;
  }

  /** Makes a key due now. Repeats fold; `normal` overrides an earlier `low`. */
  add(key: string, priority: Priority = 'normal'): void {
    if (this.#closed) return;
    if (this.#running.has(key)) {
      this.#running.set(key, merged(this.#running.get(key), priority, this.#monotonic()));
      return;
    }
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined && (waiting.priority === priority || priority === 'low')) return;
    if (waiting === undefined) this.#waiting.set(key, { since: this.#monotonic(), priority });
    else waiting.priority = priority;
    this.#ready[priority].push(key);
    this.#onReady();
  }

  /** Makes a key due after `ms`, unless it is due earlier already. */
  addAfter(key: string, ms: number, priority: Priority = 'normal'): void {
    if (this.#closed) return;
    if (ms <= 0) return this.add(key, priority);
    const at = this.#monotonic() + ms;
    const known = this.#wakes.get(key);
    if (known !== undefined && known.at <= at) return;
    this.#wakes.set(key, { at, priority });
    this.#heap.push({ at, item: key });
    this.#setTimer();
  }

  /** Puts a key off because it failed; returns for how long. */
  addFailed(key: string, backOff: BackOff, atLeastMs = 0): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const full = Math.min(backOff.capMs, backOff.baseMs * 2 ** Math.min(failures - 1, 30));
    const ms = Math.max(atLeastMs, full * (0.5 + Math.random() / 2));
    this.addAfter(key, ms);
    return ms;
  }

  /** How often this key has failed since it was last forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key has succeeded: its next failure is its first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key to work on; call `done` when finished. */
  take(): string | undefined {
    this.#takes += 1;
    const order: Priority[] = this.#takes % lowShare === 0 ? ['low', 'normal'] : ['normal', 'low'];
    const key = order.reduce<string | undefined>((found, priority) => found ?? this.#takeFrom(priority), undefined);
    if (key === undefined) return undefined;
    if (this.#waiting.get(key)?.priority === 'low') this.#runningLow.add(key);
    this.#waiting.delete(key);
    this.#running.set(key, undefined);
    return key;
  }

  /** The key is not being worked on any more; what was asked for meanwhile becomes due. */
  done(key: string): void {
    const again = this.#running.get(key);
    this.#running.delete(key);
    this.#runningLow.delete(key);
    if (again === undefined || this.#closed) return;
    this.#waiting.set(key, again);
    this.#ready[again.priority].push(key);
    this.#onReady();
  }

  /** Keys that are due. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** How long the key that has waited longest has waited. */
  oldestAgeMs(): number {
    const now = this.#monotonic();
    // Each queue is in order of arrival but for keys that changed queues, which are few.
    const ages = [this.#ready.normal.peek(), this.#ready.low.peek()].map((key) => now - (this.#waiting.get(key ?? '')?.since ?? now));
    return Math.max(...ages);
  }

  /** Nothing becomes due any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
    this.#stopMeasuring();
  }

  #takeFrom(priority: Priority): string | undefined {
    if (priority === 'low' && this.#runningLow.size >= this.#mostLow) return undefined;
    const fifo = this.#ready[priority];
    for (let key = fifo.shift(); key !== undefined; key = fifo.shift()) {
      if (this.#waiting.get(key)?.priority === priority) return key;
    }
    return undefined;
  }

  #count(priority: Priority): number {
    let count = 0;
    for (const waiting of this.#waiting.values()) if (waiting.priority === priority) count += 1;
    return count;
  }

  #setTimer(): void {
    const first = this.#heap.peek();
    if (first === undefined || first.at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = first.at;
    const ms = Math.min(longestTimerMs, Math.max(0, Math.ceil(first.at - this.#monotonic())));
    this.#timer = setTimeout(() => this.wakeDue(), ms);
  }

  /** Makes due whose time has come; the timer calls it. */
  wakeDue(): void {
    this.#timerAt = Infinity;
    const now = this.#monotonic();
    for (let first = this.#heap.peek(); first !== undefined && first.at <= now; first = this.#heap.peek()) {
      this.#heap.pop();
      const wake = this.#wakes.get(first.item);
      if (wake?.at !== first.at) continue;
      this.#wakes.delete(first.item);
      this.add(first.item, wake.priority);
    }
    this.#setTimer();
  }
}

function merged(known: Waiting | undefined, priority: Priority, now: number): Waiting {
  if (known === undefined) return { since: now, priority };
  return { since: known.since, priority: priority === 'normal' ? 'normal' : known.priority };
}
