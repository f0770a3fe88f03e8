import type { Refused } from '../../../operator/notify/contract.ts';
import type { Delivery } from '../store/outbox.ts';

/** What came of an attempt. */
export type Came =
  | { readonly what: 'taken'; readonly message: string; readonly reference?: unknown }
  /** The other side did not take it, or was not there. */
  | { readonly what: 'refused'; readonly refused: Omit<Refused, 'ok'> }
  /** Nobody needs it any more. */
  | { readonly what: 'dropped'; readonly message: string }
  /** Something else comes first; the other side was not asked. */
  | { readonly what: 'later'; readonly inMs: number; readonly message: string };

/** How one kind of delivery is made. */
export interface Deliverer {
  /** Makes one attempt. What it throws is a failure of ours, and passes. */
  deliver(delivery: Delivery): Promise<Came>;
  /** How long to wait before the next attempt, after so many. */
  delayMs(attempts: number): number;
  /** What it is, in metrics; one of a few words. */
  labelOf(delivery: Delivery): string;
  /** A target is left alone as nothing reaches it, or takes what is sent again. */
  onHealth?(delivery: Delivery, health: 'opened' | 'resumed', message: string): void;
}

export const dropped = (message: string): Came => ({ what: 'dropped', message });

/** So much more or less, so that what failed together is not tried again together. */
const jitter = 0.2;

/** The delay of an attempt among these, the last of which goes on for ever, with jitter. */
export const delayAmong = (delaysMs: readonly number[], attempts: number, random: () => number = Math.random): number =>
  Math.round((delaysMs[Math.min(attempts, delaysMs.length) - 1] ?? 0) * (1 - jitter + 2 * jitter * random()));
