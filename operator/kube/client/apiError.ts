import { CountersignError } from '../../core/errors.ts';

/** One cause inside a Status, as the API server spells it. */
export interface StatusCause {
  readonly field?: string;
  readonly message?: string;
  readonly reason?: string;
}

/** `details` of a Status. */
export interface StatusDetails {
  readonly name?: string;
  readonly kind?: string;
  readonly group?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** What the API server answers when it refuses. */
export interface Status {
  readonly kind: 'Status';
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: StatusDetails;
}

/** A refusal or failure that the API server told in so many words. `message` is the server's own. */
export class ApiError extends CountersignError {
  readonly status: number;
  /** The machine-readable reason, such as NotFound, Conflict, Expired; empty when the server gave none. */
  readonly reason: string;
  readonly details: StatusDetails;
  /** Milliseconds the server asked to wait, from Retry-After. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, reason: string, message: string, details: StatusDetails = {}, retryAfterMs?: number) {
    super('ApiError', message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The request never got an answer: not connected, reset, timed out. `sent` is false only when it is certain that no byte reached the server. */
export class ConnectionError extends CountersignError {
  readonly sent: boolean;

  constructor(message: string, sent: boolean, options?: { cause?: unknown }) {
    super('ConnectionError', message, options);
    this.name = 'ConnectionError';
    this.sent = sent;
  }
}

/** The object is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** Somebody else wrote first (or a uid or resourceVersion precondition failed). Not the same as AlreadyExists, which is also 409. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409 && error.reason !== 'AlreadyExists';
}

/** A create met an object of that name. */
export function isAlreadyExists(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409 && error.reason === 'AlreadyExists';
}

/** The server knows who asks and refuses: RBAC, or an admission policy or webhook. */
export function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403;
}

/** The object was understood and refused: a schema, a CEL rule, an immutable field, an admission policy. */
export function isInvalid(error: unknown): boolean {
  return error instanceof ApiError && error.status === 422;
}

/** The resourceVersion or continue token is too old: start again from a list. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone');
}

/** The server is busy and refused before doing anything. */
export function isTooManyRequests(error: unknown): boolean {
  return error instanceof ApiError && error.status === 429;
}
