import type { Store } from './index.ts';
import { hashOf } from './text.ts';

/** Whether this id was not seen before, on any replica, by whoever is told so first; forgotten at `expiresAt`. */
export async function isFirstTime({ db }: Store, id: string, expiresAt: number, now = Date.now()): Promise<boolean> {
  const put = await db
    .insertInto('seen')
    .values({ id: hashOf(id), expires_at: expiresAt })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ expires_at: expiresAt }).where('seen.expires_at', '<=', now))
    .returning('id')
    .executeTakeFirst();
  return put !== undefined;
}
