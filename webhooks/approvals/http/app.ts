import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import cors from 'cors';
import express, { type Express, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { Metrics } from '../../../operator/telemetry/metrics.ts';
import { dropped } from './body.ts';
import { foreseen } from './failures.ts';
import { Problem } from './problem.ts';
import type { Answer, Route } from './route.ts';
import { serve, type Serving } from './serve.ts';

export interface AppOptions extends Omit<Serving, 'signal'> {
  readonly routes: readonly Route[];
  /** Origins whose pages may call from a browser. */
  readonly origins: readonly string[];
  /** A problem as a browser is told of it, which would rather have HTML. JSON when left out. */
  readonly problemPage?: (problem: Problem, told: { readonly id: string; readonly method: string; readonly path: string }) => Answer;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'httpRequests' | 'httpRequestDuration'>;
}

/** The express app, and the switch by which it ends. */
export interface App {
  readonly express: Express;
  /** Asks callers to come back elsewhere, and wakes those who wait. */
  end(): void;
}

/** Scripts, frames and foreign pages have no place in what is served here. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
  },
};

/** Makes the express app of these routes. */
export function createApp(options: AppOptions): App {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.set('case sensitive routing', true).set('strict routing', true).set('query parser', false);
  app.use(
    helmet({
      contentSecurityPolicy,
      strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false },
      referrerPolicy: { policy: 'no-referrer' },
      xFrameOptions: { action: 'deny' },
    }),
  );
  if (options.origins.length > 0) app.use(corsFor(options.origins));
  const serving = new Ongoing(options);
  for (const [path, routes] of byPath(options.routes)) {
    const address = path.replaceAll(/\{(\w+)\}/g, ':$1');
    for (const route of routes) app[route.method](address, (request, response) => serving.answer(route, request, response));
    app.all(address, (request, response) => serving.refuse(request, response, wrongMethod(request, path, routes)));
  }
  app.use((request, response) => serving.refuse(request, response, nothingThere(request)));
  // Express takes a handler of four parameters for one of errors.
  app.use((error: unknown, request: Request, response: Response, _next: unknown) => serving.refuse(request, response, error));
  return { express: app, end: () => serving.end() };
}

const corsFor = (origins: readonly string[]) =>
  cors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'prefer'],
    exposedHeaders: ['link', 'location', 'preference-applied', 'retry-after'],
    maxAge: 600,
  });

function byPath(routes: readonly Route[]): Map<string, Route[]> {
  const paths = new Map<string, Route[]>();
  for (const route of routes) {
    const same = paths.get(route.path) ?? [];
    if (same.some(({ method }) => method === route.method)) throw new Error(`two routes answer ${route.method} ${route.path}`);
    paths.set(route.path, [...same, route]);
  }
  return paths;
}

function wrongMethod(request: Request, path: string, routes: readonly Route[]): Problem {
  const methods = routes.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  const allow = { allow: methods.join(', ') };
  return new Problem(405, 'method-not-allowed', `The method is ${request.method}; ${path} takes ${allow.allow}.`, { headers: allow });
}

const nothingThere = (request: Request): Problem =>
  new Problem(404, 'no-such-path', `There is nothing at ${request.path.slice(0, 200)}; /openapi.json says what there is.`);

/** What a log may say of where a call went: whoever has the address of a link has the link. */
const pathOf = (request: Request): string => request.path.replace(/^\/l\/.+/, '/l/…');

/** Browsers ask for HTML by name; programs for JSON, or for anything. */
const prefersHtml = (request: Request): boolean =>
  request.accepts(['application/problem+json', 'application/json', 'text/html']) === 'text/html';

/** The calls that are under way. */
class Ongoing {
  readonly #options: AppOptions;
  readonly #calls = new Set<AbortController>();
  #ending = false;

  constructor(options: AppOptions) {
    this.#options = options;
  }

  end(): void {
    this.#ending = true;
    for (const call of this.#calls) call.abort();
  }

  async answer(route: Route, request: Request, response: Response): Promise<void> {
    const began = performance.now();
    const call = new AbortController();
    this.#calls.add(call);
    response.once('close', () => call.abort());
    if (this.#ending) call.abort();
    const serving: Serving = { ...this.#options, signal: call.signal };
    try {
      const answer = await serve(route, request, serving);
      this.#send(request, response, answer);
    } catch (error) {
      this.refuse(request, response, error);
    } finally {
      this.#calls.delete(call);
      const labels = { route: route.path, method: route.method.toUpperCase() };
      this.#options.metrics.httpRequests.inc({ ...labels, code: String(response.statusCode) });
      this.#options.metrics.httpRequestDuration.observe(labels, (performance.now() - began) / 1000);
    }
  }

  /** Answers with a problem; what nobody foresaw is logged, and told to nobody. */
  refuse(request: Request, response: Response, error: unknown): void {
    const id = randomUUID();
    const known = foreseen(error);
    if (known === undefined)
      this.#options.log.error(
        { err: error, requestId: id, method: request.method, path: pathOf(request) },
        'a call failed for a reason that nobody foresaw',
      );
    else if (known.status >= 500)
      this.#options.log.warn({ err: error, requestId: id, method: request.method, path: pathOf(request) }, 'a call could not be answered');
    const problem = known ?? new Problem(500, 'internal', `The service failed at this call; its log says why, under ${id}.`);
    const { problemPage } = this.#options;
    this.#send(
      request,
      response,
      problemPage !== undefined && prefersHtml(request)
        ? problemPage(problem, { id, method: request.method, path: request.originalUrl })
        : {
            status: problem.status,
            contentType: 'application/problem+json',
            body: { ...problem.toJSON(), instance: `urn:uuid:${id}` },
            ...(problem.details.headers === undefined ? {} : { headers: problem.details.headers }),
          },
    );
  }

  #send(request: Request, response: Response, { status, body, contentType, headers = {} }: Answer): void {
    if (response.destroyed || response.headersSent) return;
    const isJson = contentType === undefined || contentType.endsWith('json');
    const text = body === undefined ? '' : isJson ? JSON.stringify(body) : (body as string);
    response.status(status).setHeader('cache-control', 'no-store');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const isUnread = hasBody(request) && !request.complete;
    // What was not read to its end cannot be followed by another request; and asked now, because ending may have begun meanwhile.
    if (isUnread || this.#ending) response.setHeader('connection', 'close');
    if (body !== undefined) {
      response.setHeader('content-type', contentType ?? 'application/json');
      response.setHeader('content-length', Buffer.byteLength(text));
    }
    const said = request.method === 'HEAD' ? '' : text;
    if (!isUnread) {
      response.end(said);
      request.resume();
      return;
    }
    // The connection closes with the end of the answer: whoever is still sending would be cut off before they read it.
    response.write(said);
    void dropped(request).then(() => response.end());
  }
}

const hasBody = ({ headers }: Request): boolean => headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
