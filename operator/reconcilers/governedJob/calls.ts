import type { CallOwed, CallSeen } from '../../core/governedJobFacts.ts';
import type { Ref } from '../../core/ports.ts';
import type { Answered } from '../../notify/httpCaller.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** So many calls at once; a peer that is slow to answer must not keep the operator from its own work. */
const mostAtOnce = 32;

/**
 * Calls under way, and what came of those that are not on record yet. Kept in memory alone: whoever takes over makes a call again that it finds no
 * record of, with the same id, so that the receiver can tell.
 */
export class ActionCalls {
  readonly #wake: (ref: Ref) => void;
  readonly #log: Pick<Logger, 'warn'>;
  /** By uid of the GovernedJob. */
  readonly #seen = new Map<string, CallSeen[]>();
  readonly #running = new Set<string>();
  /** Who came when too many were under way. */
  readonly #waiting = new Map<string, Ref>();

  /** `wake` brings a GovernedJob back to its reconciler. */
  constructor(wake: (ref: Ref) => void, log: Pick<Logger, 'warn'>) {
    this.#wake = wake;
    this.#log = log;
  }

  /** Begins a call, unless it is under way or has been answered; `make` must not throw. */
  begin(uid: string, ref: Ref, { action, attempt }: CallOwed, make: () => Promise<Answered>): void {
    const key = `${uid} ${action.digest} ${attempt}`;
    const isAnswered = this.seen(uid).some((s) => s.digest === action.digest && s.attempt === attempt);
    if (isAnswered || this.#running.has(key)) return;
    if (this.#running.size >= mostAtOnce) {
      this.#waiting.set(uid, ref);
      return;
    }
    this.#running.add(key);
    void make().then(({ cause, ...answer }) => {
      // Whoever wrote the GovernedJob chose the host and reads its status: what its name and address lead to is for administrators.
      if (cause !== undefined) this.#log.warn({ ...ref, action: action.name, attempt, cause }, 'the call of an action reached nobody');
      this.#running.delete(key);
      this.#seen.set(uid, [...this.seen(uid), { ...answer, digest: action.digest, attempt }]);
      this.#wake(ref);
      const next = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const waiting of next) this.#wake(waiting);
    });
  }

  seen(uid: string): readonly CallSeen[] {
    return this.#seen.get(uid) ?? [];
  }

  /** These are on record now, or nobody asks for them any more. */
  forget(uid: string, seen: readonly CallSeen[] = this.seen(uid)): void {
    const left = this.seen(uid).filter((s) => !seen.includes(s));
    if (left.length === 0) this.#seen.delete(uid);
    else this.#seen.set(uid, left);
  }
}
