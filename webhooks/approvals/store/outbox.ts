import { sql, type Selectable } from 'kysely';
import { compare } from '../../../operator/core/order.ts';
import type { Store } from './index.ts';
import type { DeliveryTable } from './tables.ts';
import { hashOf, storable } from './text.ts';

/** Something to be owed to the outside. */
export interface NewDelivery {
  /** What the outside deduplicates by; see docs/adr/0015. It is owed once, however often it is enqueued. */
  readonly key: string;
  readonly kind: DeliveryTable['kind'];
  readonly namespace: string;
  readonly request: string;
  readonly requestUid: string;
  readonly event: string;
  /** Where to, such as `NotificationChannel payments/mail` or `payments https://bank.example`, the namespace and origin of a callback. */
  readonly target: string;
  readonly recipient: string | null;
  /** Any JSON. */
  readonly payload: unknown;
}

/** Something that is or was owed. */
export interface Delivery extends NewDelivery {
  readonly id: string;
  readonly state: DeliveryTable['state'];
  /** How many were begun, this one included. */
  readonly attempts: number;
  readonly nextAt: number;
  readonly createdAt: number;
  readonly doneAt: number | null;
  /** What the outside called it. */
  readonly reference: unknown;
}

/** How an attempt ended. `message` is a sentence and is kept with it. */
export type Outcome =
  | { readonly state: 'Delivered'; readonly message: string; readonly reference?: unknown }
  | { readonly state: 'Pending'; readonly message: string; readonly nextAt: number }
  | { readonly state: 'Failed' | 'Dropped'; readonly message: string };

export interface Claiming {
  /** Who claims: a name that no other process has. */
  readonly worker: string;
  readonly limit: number;
  /** For how long they are this worker's. Longer than an attempt can take. */
  readonly leaseMs: number;
  /** Targets that this worker has enough of under way: one that hangs must not hold up the others. */
  readonly exceptTargets?: readonly string[];
  readonly kind?: DeliveryTable['kind'];
}

/** How many rows one statement carries. */
const rowsAtOnce = 100;

/** Puts what is owed into the outbox, unless its key is there, on whichever replica. Gives the keys that were new. */
export async function enqueue({ db }: Store, deliveries: readonly NewDelivery[], now = Date.now()): Promise<string[]> {
  const added: string[] = [];
  const keyed = deliveries.map((delivery) => ({ id: hashOf(delivery.key), delivery }));
  // In one order everywhere: replicas that put in the same would else wait for each other in a circle.
  keyed.sort((one, other) => compare(one.id, other.id));
  for (let start = 0; start < keyed.length; start += rowsAtOnce) {
    const rows = keyed.slice(start, start + rowsAtOnce).map(({ id, delivery }) => ({
      id,
      key: delivery.key,
      kind: delivery.kind,
      namespace: delivery.namespace,
      request: delivery.request,
      request_uid: delivery.requestUid,
      event: delivery.event,
      target: delivery.target,
      recipient: delivery.recipient,
      payload: JSON.stringify(delivery.payload),
      state: 'Pending' as const,
      attempts: 0,
      next_at: now,
      locked_by: null,
      locked_until: 0,
      created_at: now,
      done_at: null,
      reference: null,
    }));
    const put = await db
      .insertInto('delivery')
      .values(rows)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('key')
      .execute();
    added.push(...put.map(({ key }) => key));
  }
  return added;
}

/** Leases what is due to one worker; nobody else gets it before the lease ends, nor what is leased already. The longest due come first. */
export async function claim({ db, dialect }: Store, claiming: Claiming, now = Date.now()): Promise<Delivery[]> {
  const { worker, limit, leaseMs, exceptTargets = [], kind } = claiming;
  let due = db
    .selectFrom('delivery')
    .select('id')
    .where('state', '=', sql.lit('Pending'))
    .where('next_at', '<=', now)
    .where('locked_until', '<=', now)
    .orderBy('next_at')
    .limit(limit);
  if (exceptTargets.length > 0) due = due.where('target', 'not in', exceptTargets);
  if (kind !== undefined) due = due.where('kind', '=', kind);
  // SQLite has one writer at a time, and no such words.
  if (dialect === 'postgres') due = due.forUpdate().skipLocked();
  const rows = await db
    .with('due', () => due)
    .updateTable('delivery')
    .set((eb) => ({ locked_by: worker, locked_until: now + leaseMs, attempts: eb('attempts', '+', 1) }))
    .where('id', 'in', (eb) => eb.selectFrom('due').select('due.id'))
    .returningAll()
    .execute();
  return rows.map(deliveryOf).sort((one, other) => one.nextAt - other.nextAt);
}

/**
 * Keeps how an attempt ended. What was delivered is done even if the lease was lost meanwhile, for it must not be sent again; any other outcome counts only
 * for whoever holds the lease. Says whether it counted.
 */
export async function conclude({ db }: Store, id: string, worker: string, outcome: Outcome, now = Date.now()): Promise<boolean> {
  const isDelivered = outcome.state === 'Delivered';
  return db.transaction().execute(async (transaction) => {
    let update = transaction
      .updateTable('delivery')
      .set({
        state: outcome.state,
        locked_by: null,
        locked_until: 0,
        ...(outcome.state === 'Pending' ? { next_at: outcome.nextAt } : { done_at: now }),
        ...(isDelivered && outcome.reference !== undefined ? { reference: JSON.stringify(outcome.reference) } : {}),
      })
      .where('id', '=', id)
      .where('state', '=', 'Pending');
    if (!isDelivered) update = update.where('locked_by', '=', worker);
    const { numUpdatedRows } = await update.executeTakeFirst();
    // Retention may have deleted it meanwhile, and then there is nothing for an attempt to belong to.
    const kept = await transaction.selectFrom('delivery').select('id').where('id', '=', id).executeTakeFirst();
    if (kept === undefined) return false;
    await transaction
      .insertInto('attempt')
      .values({ delivery: id, at: now, ok: isDelivered ? 1 : 0, message: storable(outcome.message, 1_000) })
      .execute();
    return numUpdatedRows > 0n;
  });
}

/** Gives back what was claimed and not begun, as a worker does that ends. */
export async function giveBack({ db }: Store, worker: string): Promise<void> {
  await db
    .updateTable('delivery')
    .set((eb) => ({ locked_by: null, locked_until: 0, attempts: eb('attempts', '-', 1) }))
    .where('state', '=', sql.lit('Pending'))
    .where('locked_by', '=', worker)
    .execute();
}

/** Owes again what was delivered or failed, at once; for whoever asks for it to be sent again. Says whether there was such a one. */
export async function oweAgain({ db }: Store, id: string, now = Date.now()): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('delivery')
    .set({ state: 'Pending', attempts: 0, next_at: now, done_at: null })
    .where('id', '=', id)
    .where('state', '!=', 'Pending')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** One attempt that ended. */
export interface Attempt {
  readonly at: number;
  readonly isTaken: boolean;
  readonly message: string;
}

export interface DeliveryWithAttempts extends Delivery {
  readonly attemptsMade: readonly Attempt[];
}

/** So many attempts are read of each delivery: whoever has one sent again and again must not make everything about its request large. */
export const attemptsShown = 20;

/** Everything owed for a request, the oldest first, at most a thousand, each with the newest attempts. */
export async function deliveriesOf({ db }: Store, requestUid: string): Promise<DeliveryWithAttempts[]> {
  const rows = await db
    .selectFrom('delivery')
    .selectAll()
    .where('request_uid', '=', requestUid)
    .orderBy('created_at')
    .orderBy('key')
    .limit(1_000)
    .execute();
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const numbered = db
    .selectFrom('attempt')
    .selectAll()
    .select(({ fn }) =>
      fn
        .agg<number>('row_number')
        .over((over) => over.partitionBy('delivery').orderBy('id', 'desc'))
        .as('newness'),
    )
    .where('delivery', 'in', ids);
  const attempts = await db.selectFrom(numbered.as('numbered')).selectAll().where('newness', '<=', attemptsShown).orderBy('id').execute();
  const made = Map.groupBy(attempts, ({ delivery }) => delivery);
  return rows.map((row) => ({
    ...deliveryOf(row),
    attemptsMade: (made.get(row.id) ?? []).map(({ at, ok, message }) => ({ at, isTaken: ok === 1, message })),
  }));
}

/** The delivery by that key, such as to update at the outside what was sent there before. */
export async function deliveryByKey({ db }: Store, key: string): Promise<Delivery | undefined> {
  const row = await db.selectFrom('delivery').selectAll().where('id', '=', hashOf(key)).executeTakeFirst();
  return row === undefined ? undefined : deliveryOf(row);
}

/** What is owed now to one target. */
export interface Backlog {
  readonly kind: DeliveryTable['kind'];
  readonly target: string;
  readonly pending: number;
  /** When the oldest of it was put into the outbox. */
  readonly since: number;
}

/** What is owed now, by target: for metrics and the conditions of channels. */
export const backlog = ({ db }: Store): Promise<Backlog[]> =>
  db
    .selectFrom('delivery')
    .select((eb) => ['kind', 'target', eb.fn.countAll<number>().as('pending'), eb.fn.min('created_at').as('since')])
    .where('state', '=', sql.lit('Pending'))
    .groupBy(['kind', 'target'])
    .execute();

const deliveryOf = (row: Selectable<DeliveryTable>): Delivery => ({
  id: row.id,
  key: row.key,
  kind: row.kind,
  namespace: row.namespace,
  request: row.request,
  requestUid: row.request_uid,
  event: row.event,
  target: row.target,
  recipient: row.recipient,
  payload: JSON.parse(row.payload),
  state: row.state,
  attempts: row.attempts,
  nextAt: row.next_at,
  createdAt: row.created_at,
  doneAt: row.done_at,
  reference: row.reference === null ? undefined : JSON.parse(row.reference),
});
