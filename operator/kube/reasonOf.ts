import { ApiError, ConnectionError } from './client/apiError.ts';

/** A bounded name for an error, for logs and metrics. */
export function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return error.reason === '' ? `HTTP${error.status}` : error.reason;
  if (error instanceof ConnectionError) return 'Connection';
  return error instanceof Error ? error.name : 'Unknown';
}
