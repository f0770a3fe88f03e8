import type { z } from 'zod';
import { ApiError, ConnectionError } from '../../../operator/kube/client/apiError.ts';
import { Problem, type FieldProblem } from './problem.ts';

/** Statuses by which the API server says that it cannot now: 401 and 403 are about the service itself, as whoever asks was asked about before. */
const notNow = new Set([401, 403, 429, 500, 502, 503, 504]);

/** Seconds after which a caller may try what could not be done. */
const tryAgainSeconds = 5;

/** What the caller is told of an error. Undefined for those that nobody foresaw, which are told to nobody. */
export function foreseen(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof ConnectionError) return unavailable('The API server of the cluster does not answer');
  if (error instanceof ApiError && notNow.has(error.status))
    return unavailable('The API server of the cluster cannot do this now', (error.retryAfterMs ?? 0) / 1000);
  if (error instanceof URIError) return new Problem(400, 'bad-path', 'The path is not encoded as a URL should be; mend what follows a %.');
  return undefined;
}

/** 503, to be tried again soon. */
export const unavailable = (what: string, seconds = 0): Problem =>
  new Problem(503, 'unavailable', `${what}; nothing was decided by this call. Try again in a moment.`, {
    headers: { 'retry-after': String(Math.max(tryAgainSeconds, Math.ceil(seconds))) },
  });

/** Checks a part of a call. @throws Problem 422 that names each field that is wrong. */
export function parsed(schema: z.ZodType | undefined, part: 'body' | 'query' | 'path', value: unknown): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = result.error.issues.flatMap((issue) => fieldsOf(issue, part)).slice(0, 20);
  const [first] = fields;
  throw new Problem(422, 'invalid', `${first?.field ?? part}: ${first?.message ?? 'is not valid'}.`, { fields });
}

function fieldsOf(issue: z.core.$ZodIssue, root: string): FieldProblem[] {
  const field = issue.path.reduce<string>((path, key) => (typeof key === 'number' ? `${path}[${key}]` : `${path}.${String(key)}`), root);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ field: `${field}.${key}`, message: 'there is no such field; leave it out' }));
  // Of the forms that something may have, the one that it misses by least says most.
  if (issue.code === 'invalid_union') {
    const nearest = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? [];
    if (nearest.length > 0) return nearest.flatMap((inner) => fieldsOf({ ...inner, path: [...issue.path, ...inner.path] }, root));
  }
  const message = issue.message.replace(/^Invalid input: /, '').replace(/^expected (.*), received undefined$/, 'is missing; expected $1');
  return [{ field, message }];
}
