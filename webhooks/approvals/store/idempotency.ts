import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../http/problem.ts';
import type { Answer } from '../http/route.ts';
import type { Store } from './index.ts';
import { hashOf } from './text.ts';
import { StoreUnavailable } from './unavailable.ts';

/** A call that may be repeated. */
export interface Repeatable {
  /** The user name of whoever calls: keys of different callers have nothing to do with each other. */
  readonly caller: string;
  /** The header `Idempotency-Key`. */
  readonly key: string;
  readonly method: string;
  readonly path: string;
  /** The body as it came. */
  readonly content: string | Uint8Array;
  readonly signal?: AbortSignal;
}

export interface Once {
  readonly answer: Answer;
  /** The answer is of an earlier call. */
  readonly isReplayed: boolean;
}

export interface OnceOptions {
  /** How long a run is taken to be alive after it last said so. */
  readonly lockMs?: number;
  /** How long a repeated call waits for the first one before it is told to come again. */
  readonly waitMs?: number;
}

/**
 * Runs a call once per caller and key, over all replicas; whoever repeats it is answered the same. What `run` throws is not kept, nor is an answer from 500
 * on: the key is free again. A replica that is killed in the middle frees it after `lockMs`, and then nobody knows how far it came: `run` gets an id
 * that is the same for the same caller and key, after which it must name what it makes, so that a second run finds what the first one made.
 */
export async function once(store: Store, call: Repeatable, run: (id: string) => Promise<Answer>, options: OnceOptions = {}): Promise<Once> {
  const { lockMs = 30_000, waitMs = 5_000 } = options;
  if (!/^[\x21-\x7e]{1,255}$/.test(call.key)) {
    throw new Problem(
      400,
      'idempotency-key-invalid',
      'The header Idempotency-Key is not 1 to 255 visible ASCII characters: a new UUID will do.',
    );
  }
  const claim: Claim = {
    id: hashOf(call.caller, call.key),
    fingerprint: hashOf(call.method, call.path, call.content),
    worker: randomUUID(),
    lockMs,
  };
  const giveUpAt = Date.now() + waitMs;
  for (let pause = 20; ; pause = Math.min(2 * pause, 250)) {
    if (await isClaimed(store, claim)) return { answer: await runClaimed(store, claim, run), isReplayed: false };
    const kept = await keptAnswer(store, claim);
    if (kept !== undefined) return { answer: kept, isReplayed: true };
    if (Date.now() + pause > giveUpAt) throw inUse();
    await sleep(pause, undefined, call.signal === undefined ? {} : { signal: call.signal });
  }
}

interface Claim {
  readonly id: string;
  readonly fingerprint: string;
  readonly worker: string;
  readonly lockMs: number;
}

const inUse = (): Problem =>
  new Problem(
    409,
    'idempotency-key-in-use',
    'A call with this Idempotency-Key is under way and has no answer yet: repeat it in a second to get that answer.',
    { headers: { 'retry-after': '1' } },
  );

/** Takes the key in one statement: when nobody had it, or when whoever had it for the same call is gone. */
async function isClaimed({ db }: Store, { id, fingerprint, worker, lockMs }: Claim): Promise<boolean> {
  const now = Date.now();
  const lock = { locked_by: worker, locked_until: now + lockMs };
  const claimed = await db
    .insertInto('idempotency')
    .values({ id, fingerprint, ...lock, answer: null, created_at: now })
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet(lock)
        .where('idempotency.answer', 'is', null)
        .where('idempotency.fingerprint', '=', fingerprint)
        .where('idempotency.locked_until', '<=', now),
    )
    .returning('id')
    .executeTakeFirst();
  return claimed !== undefined;
}

async function keptAnswer({ db }: Store, { id, fingerprint }: Claim): Promise<Answer | undefined> {
  const row = await db.selectFrom('idempotency').select(['fingerprint', 'answer']).where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.fingerprint !== fingerprint) {
    throw new Problem(
      422,
      'idempotency-key-reused',
      'This Idempotency-Key was sent with another method, path or body before: repeat exactly that call, or make a new key for this one.',
    );
  }
  return row.answer === null ? undefined : (JSON.parse(row.answer) as Answer);
}

async function runClaimed(store: Store, claim: Claim, run: (id: string) => Promise<Answer>): Promise<Answer> {
  const { db } = store;
  const own = () => db.updateTable('idempotency').where('id', '=', claim.id).where('locked_by', '=', claim.worker);
  const alive = setInterval(() => {
    // If it cannot be said, the lock ends, as it does for a replica that died.
    own()
      .set({ locked_until: Date.now() + claim.lockMs })
      .execute()
      .catch(() => undefined);
  }, claim.lockMs / 3).unref();
  try {
    const answer = await run(claim.id);
    const isKept = answer.status < 500;
    await patiently(() =>
      isKept
        ? own()
            .set({ answer: JSON.stringify(answer) })
            .execute()
        : free(store, claim),
    );
    return answer;
  } catch (error) {
    await patiently(() => free(store, claim));
    throw error;
  } finally {
    clearInterval(alive);
  }
}

const free = ({ db }: Store, { id, worker }: Claim): Promise<unknown> =>
  db.deleteFrom('idempotency').where('id', '=', id).where('locked_by', '=', worker).where('answer', 'is', null).execute();

/** What was done is done and is answered, whether that can be kept or not: a few tries, and then the lock has to end by itself. */
async function patiently(write: () => Promise<unknown>): Promise<void> {
  for (const pause of [100, 400, 1_000, 0]) {
    try {
      await write();
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await sleep(pause);
    }
  }
}
