import { parseCookie } from 'cookie';
import type { Request } from 'express';
import type { Caller } from '../callers/caller.ts';
import { formTokenField } from '../callers/forgery.ts';
import type { Callers } from '../callers/index.ts';
import { bodyOf } from './body.ts';
import { parsed } from './failures.ts';
import { Problem } from './problem.ts';
import type { Answer, Call, Route } from './route.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/** Takes one of the caller's decisions off their rate; answers with the milliseconds to wait when there is none left, else 0. */
type TakeDecision = (caller: Caller) => Promise<number>;

/** One write that may be repeated under the same key. */
interface Keyed {
  readonly caller: Caller;
  readonly key: string;
  readonly method: string;
  readonly path: string;
  /** What was sent: the same key for something else is a mistake. */
  readonly content: string;
  readonly signal: AbortSignal;
}

/** Runs a write once for each caller and key, whichever replica it reaches; whoever repeats it gets the answer of the first. */
type Remember = (keyed: Keyed, run: () => Promise<Answer>) => Promise<Answer>;

/** What serving one call takes. */
export interface Serving {
  readonly callers: Pick<Callers, 'callerOf' | 'refuseForgery'>;
  readonly takeDecision: TakeDecision;
  readonly remember: Remember;
  readonly signal: AbortSignal;
}

/** Answers one call of a route: who calls, what they send, whether they may now, and then the route's own handler. @throws Problem */
export async function serve(route: Route, request: Request, serving: Serving): Promise<Answer> {
  const headers = headersOf(request);
  // Before the body is read: nobody unknown gets us to read much.
  const caller = await callerFor(route, headers, serving);
  const params = parsed(route.params, 'path', request.params);
  const query = parsed(route.query, 'query', queryOf(request));
  const { value, raw } = await bodyOf(request, route);
  if (caller?.proof === 'Session' && route.method !== 'get') await serving.callers.refuseForgery(headers, formToken(route, value));
  const call = {
    caller,
    params,
    query,
    body: parsed(route.body, 'body', value),
    rawBody: raw,
    headers,
    cookie: (name: string) => parseCookie(headers['cookie'] ?? '')[name],
    signal: serving.signal,
  } as Call<never, never, never, never>;
  if (route.decides === true && caller !== undefined) await withinRate(caller, serving);
  const key = route.idempotent === true ? keyOf(headers) : undefined;
  const answer =
    key === undefined || caller === undefined
      ? await route.handle(call)
      : await serving.remember(keyed(caller, key, request, value, serving), () => route.handle(call));
  return route.afterwards === undefined ? answer : route.afterwards(answer, call);
}

function headersOf(request: Request): Headers {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

async function callerFor({ access }: Route, headers: Headers, { callers }: Serving): Promise<Caller | undefined> {
  if (access === 'caller') {
    const caller = await callers.callerOf(headers);
    if (caller !== undefined) return caller;
    throw new Problem(401, 'unauthenticated', 'It is not known who calls; send a token in the Authorization header, or sign in.', {
      headers: { 'www-authenticate': 'Bearer' },
    });
  }
  try {
    return await callers.callerOf(headers);
  } catch (error) {
    // What anybody may have is not kept from those whose session is over.
    if (error instanceof Problem && error.status === 401) return undefined;
    throw error;
  }
}

/** What a page of ours puts into its forms, by which it is known that the form was sent from it. */
function formToken({ page }: Route, body: unknown): string | undefined {
  const token = page === true && typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[formTokenField] : undefined;
  return typeof token === 'string' ? token : undefined;
}

/** By name; a list of what is there more than once. */
function queryOf(request: Request): Record<string, string | string[]> {
  const query = new URL(request.originalUrl, 'https://any').searchParams;
  const of = (name: string): string | string[] => {
    const [only = '', ...more] = query.getAll(name);
    return more.length === 0 ? only : [only, ...more];
  };
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, of(name)]));
}

async function withinRate(caller: Caller, { takeDecision }: Serving): Promise<void> {
  const waitMs = await takeDecision(caller);
  if (waitMs <= 0) return;
  throw new Problem(
    429,
    'too-many-decisions',
    `${caller.username} decides faster than this service takes; try again after the time that Retry-After says.`,
    {
      headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) },
    },
  );
}

const keyed = (caller: Caller, key: string, { method, path }: Request, body: unknown, { signal }: Serving): Keyed => ({
  caller,
  key,
  method,
  path,
  content: body === undefined ? '' : JSON.stringify(body),
  signal,
});

function keyOf(headers: Headers): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Problem(400, 'bad-idempotency-key', 'Idempotency-Key is not one; expected 1 to 255 visible ASCII characters, such as a UUID.');
}
