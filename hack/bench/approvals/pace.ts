import { setTimeout as sleep } from 'node:timers/promises';

/** When something was sent, and when it was answered, on the clock of performance.now(). */
export interface Timed {
  readonly sent: number;
  readonly answered: number;
}

/** Does `act` for each item, so many a second whatever becomes of those before; when each was sent and answered, in the order of the items. */
export async function atPace<T>(items: readonly T[], perSecond: number, act: (item: T, n: number) => Promise<unknown>): Promise<Timed[]> {
  const begun = performance.now();
  const running: Promise<Timed>[] = [];
  for (const [n, item] of items.entries()) {
    // From the beginning on, so that one that is late does not make all others late.
    await sleep(Math.max(0, begun + (n * 1000) / perSecond - performance.now()));
    const sent = performance.now();
    const one = act(item, n).then(() => ({ sent, answered: performance.now() }));
    // Told below, once all are under way; until then nobody listens.
    one.catch(() => undefined);
    running.push(one);
  }
  return Promise.all(running);
}
