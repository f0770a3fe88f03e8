import type { Generated } from 'kysely';

// Times are milliseconds since the epoch, in 64-bit integers on both databases; JSON is text.
// What comes from outside and has no bound (a user name, a key) is no index's key: PostgreSQL takes 2.7 kB there. Its SHA-256 is.

/** What a write answered, for whoever repeats it with the same `Idempotency-Key`. */
export interface IdempotencyTable {
  /** SHA-256 of the caller and the key. */
  id: string;
  /** SHA-256 of the method, path and body: the same key for something else is a mistake. */
  fingerprint: string;
  /** Which run of it is under way, and until when it is taken to be alive. */
  locked_by: string;
  locked_until: number;
  /** The answer as JSON; null while there is none. */
  answer: string | null;
  created_at: number;
}

/** How much of its rate a caller has used: the token bucket, kept as the moment at which it is full again. */
export interface RateTable {
  /** SHA-256 of the caller. */
  caller: string;
  full_at: number;
}

/** A link that was sent; the link itself is nowhere. */
export interface LinkTable {
  /** SHA-256 of the token in the link. */
  hash: string;
  namespace: string;
  request: string;
  request_uid: string;
  digest: string;
  approver: string;
  verdict: 'Approve' | 'Reject' | 'View';
  /** SHA-256 of the address that it was sent to; empty where nobody knows. */
  mail_hash: string;
  created_at: number;
  expires_at: number;
  /** Until when whoever took it may try to decide by it: a replica that dies meanwhile must not cost the approver their link. */
  taken_until: number;
  used_at: number | null;
  revoked_at: number | null;
}

/** Something that is owed to the outside: a notice to a channel, or a callback. */
export interface DeliveryTable {
  /** SHA-256 of the key. */
  id: string;
  /** What the outside deduplicates by; see docs/adr/0015. */
  key: string;
  kind: 'Notice' | 'Callback';
  namespace: string;
  request: string;
  request_uid: string;
  /** Such as `StageOpened` or `Settled`. */
  event: string;
  /** Where to: `NotificationChannel payments/mail`, or the host of a callback. */
  target: string;
  /** To whom, for a notice. */
  recipient: string | null;
  /** What to send: JSON. */
  payload: string;
  /** `Dropped`: nobody needed it any more. */
  state: 'Pending' | 'Delivered' | 'Failed' | 'Dropped';
  /** How many were begun. */
  attempts: number;
  next_at: number;
  locked_by: string | null;
  locked_until: number;
  created_at: number;
  done_at: number | null;
  /** What the outside called it, to be able to update it: JSON. */
  reference: string | null;
}

/** One attempt of a delivery that ended. */
export interface AttemptTable {
  id: Generated<number>;
  /** The id of its delivery, with which it goes. */
  delivery: string;
  at: number;
  /** 1 when it was taken, else 0. */
  ok: number;
  /** A sentence. */
  message: string;
}

/** Ids of calls that may count once only, such as Slack's. */
export interface SeenTable {
  /** SHA-256 of the id. */
  id: string;
  expires_at: number;
}

/** What other systems handed in to be kept (POST /auditLogs). */
export interface AuditTable {
  id: Generated<number>;
  at: number;
  actor: string;
  action: string;
  resource: string;
  /** JSON. */
  details: string;
}

export interface Tables {
  idempotency: IdempotencyTable;
  rate: RateTable;
  link: LinkTable;
  delivery: DeliveryTable;
  attempt: AttemptTable;
  seen: SeenTable;
  audit: AuditTable;
}
