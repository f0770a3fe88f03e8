import type { Store } from './index.ts';
import { isFirstTime } from './seen.ts';
import type { Tables } from './tables.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** So few rows per statement that nobody else waits for it. */
const rowsAtOnce = 500;

/** What each table keeps for how long, by which column; attempts go with their delivery. */
const rules = [
  { table: 'idempotency', id: 'id', age: 'created_at', keptMs: () => dayMs },
  // A bucket that is full is the same as none.
  { table: 'rate', id: 'caller', age: 'full_at', keptMs: () => hourMs },
  { table: 'seen', id: 'id', age: 'expires_at', keptMs: () => 0 },
  { table: 'link', id: 'hash', age: 'expires_at', keptMs: (retention: number) => retention },
  { table: 'delivery', id: 'id', age: 'created_at', keptMs: (retention: number) => retention },
  { table: 'audit', id: 'id', age: 'at', keptMs: (retention: number) => retention },
] as const;

export type Swept = Readonly<Record<(typeof rules)[number]['table'], number>>;

/**
 * Deletes, in small batches, deliveries with their attempts, audit entries and links that ended, when they are older than `retentionMs`; and what serves a
 * shorter purpose after that. Says how many rows of each table went.
 */
export async function sweep(store: Store, retentionMs: number, now = Date.now(), signal?: AbortSignal): Promise<Swept> {
  const swept: Record<string, number> = {};
  for (const { table, id, age, keptMs } of rules) {
    swept[table] = 0;
    for (let deleted = rowsAtOnce; deleted === rowsAtOnce && signal?.aborted !== true;) {
      deleted = await sweepOnce(store, { table, id, age }, now - keptMs(retentionMs));
      swept[table] += deleted;
    }
  }
  return swept as Swept;
}

/** The same, by one replica in an hour: whichever asks first. */
export async function sweepHourly(store: Store, retentionMs: number, now = Date.now(), signal?: AbortSignal): Promise<Swept | undefined> {
  const hour = Math.floor(now / hourMs);
  const isOurs = await isFirstTime(store, `sweep/${hour}`, (hour + 2) * hourMs, now);
  return isOurs ? sweep(store, retentionMs, now, signal) : undefined;
}

/** What whoever started the sweeping is told. */
export interface Sweeping {
  readonly onSwept: (swept: Swept) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Sweeps every hour until it is stopped. What fails is done by the next one. */
export function keepSweeping(store: Store, retentionMs: number, { onSwept, onFailed }: Sweeping): () => Promise<void> {
  const ending = new AbortController();
  let running = Promise.resolve();
  const run = (): void => {
    running = sweepHourly(store, retentionMs, Date.now(), ending.signal)
      .then((swept) => swept !== undefined && onSwept(swept), onFailed)
      .then(() => undefined);
  };
  // More often than hourly: no replica is there at the beginning of each hour.
  const timer = setInterval(run, hourMs / 6);
  run();
  return () => {
    clearInterval(timer);
    ending.abort();
    return running;
  };
}

async function sweepOnce({ db }: Store, rule: { table: keyof Tables; id: string; age: string }, before: number): Promise<number> {
  const { table, id, age } = rule;
  const ref = (name: string) => db.dynamic.ref(name);
  const old = db.selectFrom(table).select(ref(id)).where(ref(age), '<', before).orderBy(ref(age)).limit(rowsAtOnce);
  const { numDeletedRows } = await db
    .deleteFrom(table)
    .where(ref(id), 'in', old as never)
    .executeTakeFirst();
  return Number(numDeletedRows);
}
