import type { Selectable } from 'kysely';
import type { Store } from './index.ts';
import type { LinkTable } from './tables.ts';
import { hashOf } from './text.ts';

/** What a link is bound to. */
export interface Link {
  readonly namespace: string;
  readonly request: string;
  readonly requestUid: string;
  readonly digest: string;
  readonly approver: string;
  readonly verdict: LinkTable['verdict'];
  /** Of the address that it was sent to: see `mailHash`. `unknownAddress` where that was not kept. */
  readonly mailHash: string;
  readonly expiresAt: number;
}

/** In place of the hash of an address: of links that were sent before it was kept. No address has it, so they decide nothing. */
export const unknownAddress = '';

/** How a link is found. `Taken`: somebody decides by it at this moment. */
export type FoundLink =
  { readonly state: 'Unknown' } | { readonly state: 'Open' | 'Taken' | 'Used' | 'Revoked' | 'Expired'; readonly link: Link };

/** How long whoever took a link may try to decide by it. */
const takenMs = 30_000;

/** Keeps that a link was made. The token in it is not kept, only its SHA-256. */
export async function keepLink({ db }: Store, token: string, link: Link, now = Date.now()): Promise<void> {
  await db
    .insertInto('link')
    .values({
      hash: hashOf(token),
      namespace: link.namespace,
      request: link.request,
      request_uid: link.requestUid,
      digest: link.digest,
      approver: link.approver,
      verdict: link.verdict,
      mail_hash: link.mailHash,
      created_at: now,
      expires_at: link.expiresAt,
      taken_until: 0,
      used_at: null,
      revoked_at: null,
    })
    .execute();
}

/** What a link is, for whoever only looks. */
export async function findLink({ db }: Store, token: string, now = Date.now()): Promise<FoundLink> {
  const row = await db.selectFrom('link').selectAll().where('hash', '=', hashOf(token)).executeTakeFirst();
  return row === undefined ? { state: 'Unknown' } : { state: stateOf(row, now), link: linkOf(row) };
}

/**
 * Takes an open link, for one caller out of any number at once: they are told `Open`, all others what it is instead. Then `useLink` once the decision
 * is made, or `giveBackLink` when it could not be. Whoever took it and died loses it after half a minute: name the decision after the link, so
 * that the next one finds it made.
 */
export async function takeLink(store: Store, token: string, now = Date.now()): Promise<FoundLink> {
  const row = await store.db
    .updateTable('link')
    .set({ taken_until: now + takenMs })
    .where('hash', '=', hashOf(token))
    .where('used_at', 'is', null)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .where('taken_until', '<=', now)
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) return { state: 'Open', link: linkOf(row) };
  const found = await findLink(store, token, now);
  // It was given back between the two statements: as far as this caller goes, somebody else had it.
  return found.state === 'Open' ? { ...found, state: 'Taken' } : found;
}

/** The decision by a link that was taken is made: it is good for nothing more. */
export async function useLink({ db }: Store, token: string, now = Date.now()): Promise<void> {
  await db.updateTable('link').set({ used_at: now }).where('hash', '=', hashOf(token)).where('used_at', 'is', null).execute();
}

/** The decision by a link that was taken could not be made: it is open again. */
export async function giveBackLink({ db }: Store, token: string): Promise<void> {
  await db.updateTable('link').set({ taken_until: 0 }).where('hash', '=', hashOf(token)).where('used_at', 'is', null).execute();
}

/** Revokes every link of a request that is not used: all of them once it is settled, those to another digest once that changed. Says how many. */
export async function revokeLinks({ db }: Store, requestUid: string, keptDigest?: string, now = Date.now()): Promise<number> {
  let update = db
    .updateTable('link')
    .set({ revoked_at: now })
    .where('request_uid', '=', requestUid)
    .where('used_at', 'is', null)
    .where('revoked_at', 'is', null);
  if (keptDigest !== undefined) update = update.where('digest', '!=', keptDigest);
  return Number((await update.executeTakeFirst()).numUpdatedRows);
}

function stateOf(row: Selectable<LinkTable>, now: number): Exclude<FoundLink['state'], 'Unknown'> {
  if (row.used_at !== null) return 'Used';
  if (row.revoked_at !== null) return 'Revoked';
  if (row.expires_at <= now) return 'Expired';
  return row.taken_until > now ? 'Taken' : 'Open';
}

const linkOf = (row: Selectable<LinkTable>): Link => ({
  namespace: row.namespace,
  request: row.request,
  requestUid: row.request_uid,
  digest: row.digest,
  approver: row.approver,
  verdict: row.verdict,
  mailHash: row.mail_hash,
  expiresAt: row.expires_at,
});
