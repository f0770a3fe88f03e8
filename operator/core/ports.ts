/** What the runtime hands to a reconciler, and what it gets back. */

/** Names one object; `namespace` is absent for cluster-scoped kinds. */
export interface Ref {
  readonly namespace?: string;
  readonly name: string;
}

/** Milliseconds since the epoch, as the API server's clock tells them. */
export interface Clock {
  now(): number;
}

/**
 * The end of one reconcile. `settled`: nothing is owed until something changes. `wake`: come back after `afterMs` even if nothing changes.
 * `gaveUp`: could not be done and trying again would not help; the reason is logged and counted.
 */
export type Outcome =
  { readonly kind: 'settled' } | { readonly kind: 'wake'; readonly afterMs: number } | { readonly kind: 'gaveUp'; readonly reason: string };

export const settled: Outcome = { kind: 'settled' };
export const wake = (afterMs: number): Outcome => ({ kind: 'wake', afterMs: Math.max(0, afterMs) });
export const gaveUp = (reason: string): Outcome => ({ kind: 'gaveUp', reason });
