import type { z } from 'zod';
import type { Caller } from '../callers/caller.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** One way in which a route may answer. */
export interface Described {
  readonly description: string;
  /** Of a JSON body. */
  readonly schema?: z.ZodType;
  /** Of any other body, such as `text/html`. */
  readonly contentType?: string;
}

/** What a route answers with. Problems are thrown (see problem.ts). */
export interface Answer {
  readonly status: number;
  /** JSON, unless `contentType` says otherwise; then text. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** One call of a route, wholly validated. */
export interface Call<Params = unknown, Query = unknown, Body = unknown, Who = Caller | undefined> {
  readonly caller: Who;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The bytes of the body as they came, where `rawBody` asks for them: for signatures over them. */
  readonly rawBody: Buffer | undefined;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The part of the cookie header by that name. */
  cookie(name: string): string | undefined;
  /** Aborted when the caller hangs up or the service ends. */
  readonly signal: AbortSignal;
}

/** A route as data: express serves it and the OpenAPI document describes it from the same object. */
export interface Route {
  readonly method: Method;
  /** As OpenAPI writes it: `/v1/requests/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag:
    'Requests' | 'Executions' | 'Policies' | 'Audit' | 'Deliveries' | 'Sign-in' | 'Pages' | 'Channels' | 'Service' | 'Compatibility';
  /** `caller`: 401 to whoever is not known. `anybody`: `call.caller` may be undefined. */
  readonly access: 'caller' | 'anybody';
  /** Counts against the caller's rate of decisions. */
  readonly decides?: boolean;
  /** Honours `Idempotency-Key`: the same key with the same body answers the same, once done. */
  readonly idempotent?: boolean;
  /** Served for browsers: a form in, HTML out; a strict Content-Security-Policy, and the session's cookie counts only with a same-origin form token. */
  readonly page?: boolean;
  readonly rawBody?: boolean;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The largest body in bytes. 256 KiB when left out. */
  readonly maxBodyBytes?: number;
  /** By status. The problems that every route may answer with are added. */
  readonly answers: Readonly<Record<number, Described>>;
  /** Makes of the answer, new or remembered by its `Idempotency-Key`, the one that the caller gets: by waiting for what comes of it, for instance. */
  afterwards?(answer: Answer, call: Call<never, never, never, never>): Promise<Answer>;
  // The types of the schemas are known to `route`, which is how every Route is made.
  handle(call: Call<never, never, never, never>): Promise<Answer>;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.infer<Schema> : undefined;

type CallOf<Access, Params, Query, Body> = Call<
  Parsed<Params>,
  Parsed<Query>,
  Parsed<Body>,
  Access extends 'caller' ? Caller : Caller | undefined
>;

/** Makes a route whose handler sees what its schemas make of a call. */
export function route<
  Access extends Route['access'],
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  described: Omit<Route, 'access' | 'params' | 'query' | 'body' | 'handle' | 'afterwards'> & {
    readonly access: Access;
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: Body;
    handle(call: CallOf<Access, Params, Query, Body>): Promise<Answer>;
    afterwards?(answer: Answer, call: CallOf<Access, Params, Query, Body>): Promise<Answer>;
  },
): Route {
  return described as unknown as Route;
}
