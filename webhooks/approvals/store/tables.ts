import type { Generated } from 'kysely';

// Times are milliseconds since the epoch, in 64-bit integers on both databases; JSON is text. Booleans are 0 and 1.

/** What a write answered, for whoever repeats it with the same `Idempotency-Key`. */
export interface IdempotencyTable {
  /** SHA-256 of the caller and the key. */
  id: string;
  /** SHA-256 of the method, path and body: the same key for something else is a mistake. */
  fingerprint: string;
  /** While the first is under way: until when it may take. */
  locked_until: number;
  /** The answer; null while it is under way. */
  status: number | null;
  answer: string | null;
  created_at: number;
}

/** How much of its rate a caller has left: a token bucket. */
export interface RateTable {
  caller: string;
  tokens: number;
  updated_at: number;
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
  created_at: number;
  expires_at: number;
  used_at: number | null;
  revoked_at: number | null;
}

/** Something that is owed to the outside: a notice to a channel, or a callback. */
export interface DeliveryTable {
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
  state: 'Pending' | 'Delivered' | 'Failed';
  attempts: number;
  next_at: number;
  locked_by: string | null;
  locked_until: number;
  created_at: number;
  done_at: number | null;
  /** What the outside called it, to be able to update it: JSON. */
  reference: string | null;
}

/** One attempt of a delivery. */
export interface AttemptTable {
  id: Generated<number>;
  delivery: string;
  at: number;
  /** 1 when it was taken. */
  ok: number;
  /** A sentence. */
  message: string;
}

/** Ids of calls that may count once only, such as Slack's. */
export interface SeenTable {
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
