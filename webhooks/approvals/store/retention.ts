import type { Store } from './index.ts';
import { isFirstTime } from './seen.ts';
import type { Tables } from './tables.ts';

export interface Retention {
  /** How long links, deliveries with their attempts, and audit entries are kept. */
  readonly days: number;
}

export const defaultRetention: Retention = { days: 90 };

const dayMs = 24 * 3_600_000;
/** So few rows per statement that nobody else waits for it. */
const rowsAtOnce = 500;

/** What each table keeps for how long, by which column; attempts go with their delivery. */
const rules = [
  { table: 'idempotency', id: 'id', age: 'created_at', keptMs: () => dayMs },
  // A bucket that is full is the same as none.
  { table: 'rate', id: 'caller', age: 'full_at', keptMs: () => 3_600_000 },
  { table: 'seen', id: 'id', age: 'expires_at', keptMs: () => 0 },
  { table: 'link', id: 'hash', age: 'created_at', keptMs: (days: number) => days * dayMs },
  { table: 'delivery', id: 'id', age: 'created_at', keptMs: (days: number) => days * dayMs },
  { table: 'audit', id: 'id', age: 'at', keptMs: (days: number) => days * dayMs },
] as const;

export type Swept = Readonly<Record<(typeof rules)[number]['table'], number>>;

/** Deletes what is older than it is kept for, in small batches. Says how many rows of each table went. */
export async function sweep(store: Store, { days }: Retention = defaultRetention, now = Date.now(), signal?: AbortSignal): Promise<Swept> {
  const swept: Record<string, number> = {};
  for (const { table, id, age, keptMs } of rules) {
    swept[table] = 0;
    for (let deleted = rowsAtOnce; deleted === rowsAtOnce && signal?.aborted !== true;) {
      deleted = await sweepOnce(store, { table, id, age }, now - keptMs(days));
      swept[table] += deleted;
    }
  }
  return swept as Swept;
}

/** The same, by one replica in an hour. */
export async function sweepHourly(store: Store, retention: Retention, now = Date.now(), signal?: AbortSignal): Promise<Swept | undefined> {
  const hour = Math.floor(now / 3_600_000);
  const isOurs = await isFirstTime(store, `sweep/${hour}`, (hour + 2) * 3_600_000, now);
  return isOurs ? sweep(store, retention, now, signal) : undefined;
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
