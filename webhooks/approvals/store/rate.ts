import { sql } from 'kysely';
import type { Store } from './index.ts';
import { hashOf } from './text.ts';

/** A token bucket: `burst` at once, and `perSecond` in the long run. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What a caller may decide. */
export const decisionRate: Rate = { perSecond: 10, burst: 5 };

export type Spent = { readonly isAllowed: true } | { readonly isAllowed: false; readonly retryAfterMs: number };

/** A bucket that is to be full later than this from now was written by a clock that is wrong: it must not shut its caller out for as long. */
const believedMs = 60_000;

/**
 * Takes one token from the caller's bucket, whichever replica asks, in one statement. The bucket is kept as the moment at which it will be full
 * again: a token taken moves it on by the time that one takes to come back, and none is left when it is `burst` of those away.
 */
export async function spend({ db }: Store, caller: string, now = Date.now(), { perSecond, burst }: Rate = decisionRate): Promise<Spent> {
  const interval = Math.ceil(1_000 / perSecond);
  const latest = now + (burst - 1) * interval;
  const believed = now + believedMs;
  const id = hashOf(caller);
  const taken = await db
    .insertInto('rate')
    .values({ caller: id, full_at: now + interval })
    .onConflict((conflict) =>
      conflict
        .column('caller')
        .doUpdateSet({
          full_at: sql<number>`case when rate.full_at > ${now} and rate.full_at <= ${believed} then rate.full_at + ${interval} else excluded.full_at end`,
        })
        .where((eb) => eb.or([eb('rate.full_at', '<=', latest), eb('rate.full_at', '>', believed)])),
    )
    .returning('full_at')
    .executeTakeFirst();
  if (taken !== undefined) return { isAllowed: true };
  const row = await db.selectFrom('rate').select('full_at').where('caller', '=', id).executeTakeFirst();
  return { isAllowed: false, retryAfterMs: Math.max(1, (row?.full_at ?? now) - latest) };
}
