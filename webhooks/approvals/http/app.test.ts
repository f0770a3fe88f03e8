import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiError, ConnectionError } from '../../../operator/kube/client/apiError.ts';
import { createLogger } from '../../../operator/telemetry/logger.ts';
import { createMetrics } from '../../../operator/telemetry/metrics.ts';
import type { Caller } from '../callers/caller.ts';
import { createApp, type App, type AppOptions } from './app.ts';
import { Problem } from './problem.ts';
import { route, type Answer, type Route } from './route.ts';

const bob: Caller = { username: 'bob', groups: ['finance'], via: 'Web', proof: 'BearerToken' };
const answers = { 200: { description: 'ok' } };
const common = { tag: 'Service', summary: 'x', answers } as const;

const ok = (body: unknown): Promise<Answer> => Promise.resolve({ status: 200, body });

const echo = route({
  ...common,
  method: 'post',
  path: '/echo/{id}',
  access: 'caller',
  decides: true,
  idempotent: true,
  params: z.object({ id: z.string().max(5) }),
  query: z.strictObject({ n: z.string().optional() }),
  body: z.strictObject({ name: z.string(), list: z.array(z.object({ size: z.number() })).optional() }),
  handle: ({ params, query, body, caller }) => ok({ params, query, body, caller: caller.username }),
});

/** What GET /fail throws. */
const failing = (error: unknown): Route =>
  route({ ...common, method: 'get', path: '/fail', access: 'anybody', handle: () => Promise.reject(error as Error) });

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

interface Served {
  readonly app: App;
  readonly lines: string[];
  readonly port: number;
  readonly call: (method: string, path: string, options?: RequestInit) => Promise<Response>;
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
}

async function served(routes: readonly Route[], options: Partial<AppOptions> = {}): Promise<Served> {
  const lines: string[] = [];
  const app = createApp({
    routes,
    callers: { callerOf: () => Promise.resolve(bob), refuseForgery: () => Promise.resolve() },
    takeDecision: () => Promise.resolve(0),
    remember: (_keyed, run) => run(),
    origins: [],
    log: createLogger({ destination: { write: (line: string) => lines.push(line) } }),
    metrics: createMetrics(new Registry()),
    ...options,
  });
  const server = createServer(app.express).listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  const call = (method: string, path: string, more: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, { method, ...more });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    call('POST', path, {
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { app, lines, port, call, post };
}

describe('a call', () => {
  it('reaches its route wholly validated', async () => {
    const { post } = await served([echo]);
    const answer = await post('/echo/1?n=2', { name: 'x' });
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { params: { id: '1' }, query: { n: '2' }, body: { name: 'x' }, caller: 'bob' },
    ]);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect(answer.headers.get('x-powered-by')).toBeNull();
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it.each<[string, string, RequestInit, number, RegExp]>([
    ['of an unknown path', '/nowhere', { method: 'GET' }, 404, /^There is nothing at \/nowhere; \/openapi\.json says what there is\.$/],
    ['of a path in other case', '/Echo/1', { method: 'POST' }, 404, /nothing at/],
    ['with the wrong method', '/echo/1', { method: 'DELETE' }, 405, /^The method is DELETE; \/echo\/\{id\} takes POST\.$/],
    ['with a path that is no URL', '/echo/%zz', { method: 'POST' }, 400, /not encoded/],
    [
      'with no type',
      '/echo/1',
      { method: 'POST', body: new Blob(['{}']) },
      415,
      /^Content-Type is missing; expected application\/json in UTF-8\.$/,
    ],
    ['of another type', '/echo/1', { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } }, 415, /is "text\/plain"/],
    [
      'in another encoding',
      '/echo/1',
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json; charset=latin1' } },
      415,
      /charset=latin1/,
    ],
    [
      'that is packed',
      '/echo/1',
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
      415,
      /^Content-Encoding is "gzip"/,
    ],
    [
      'that is not UTF-8',
      '/echo/1',
      { method: 'POST', body: Uint8Array.of(34, 0xff, 34), headers: { 'content-type': 'application/json' } },
      400,
      /not UTF-8/,
    ],
  ])('%s is refused in words', async (_what, path, init, status, detail) => {
    const { call } = await served([echo]);
    const answer = await call(init.method ?? 'GET', path, init);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await answer.json()) as Record<string, unknown>;
    expect(answer.status).toBe(status);
    expect(problem).toMatchObject({ status, type: expect.stringMatching(/^https:\/\/countersign\.dev\/problems\//) as string });
    expect(problem['detail']).toMatch(detail);
    if (status === 405) expect(answer.headers.get('allow')).toBe('POST');
  });

  it.each<[string, unknown, number, string]>([
    ['is no JSON', '{', 400, 'The body is no JSON'],
    ['is empty', '', 400, 'The body is empty'],
    ['has a key twice', '{"name":"a","name":"b"}', 422, 'body.name is there twice'],
    ['lacks a field', {}, 422, 'body.name: is missing; expected string'],
    ['has a field of another type', { name: 1 }, 422, 'body.name: expected string, received number'],
    ['has a wrong field deep inside', { name: 'x', list: [{ size: 1 }, { size: 'big' }] }, 422, 'body.list[1].size: expected number'],
    ['has an unknown field', { name: 'x', colour: 'red' }, 422, 'body.colour: there is no such field; leave it out'],
  ])('whose body %s is refused, and the field is named', async (_what, body, status, detail) => {
    const { post } = await served([echo]);
    const answer = await post('/echo/1', body);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { detail: string }).detail).toContain(detail);
  });

  it('names every field that is wrong', async () => {
    const { post } = await served([echo]);
    const answer = await post('/echo/1?m=1', { name: 'x' });
    expect(((await answer.json()) as { errors: unknown }).errors).toEqual([
      { field: 'query.m', message: 'there is no such field; leave it out' },
    ]);
    expect((await post('/echo/123456', { name: 'x' })).status).toBe(422);
  });

  it('with too large a body is refused, whether it says so beforehand or not', async () => {
    const small = { ...echo, maxBodyBytes: 100 };
    const { post, port } = await served([small]);
    const answer = await post('/echo/1', { name: 'x'.repeat(200) });
    expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
      413,
      'The body has more than 100 bytes, which is the most here; send less.',
    ]);
    const chunked = httpRequest({ port, path: '/echo/1', method: 'POST', headers: { 'content-type': 'application/json' } });
    chunked.on('error', () => undefined);
    for (let sent = 0; sent < 5; sent++) chunked.write('x'.repeat(50));
    const [response] = (await once(chunked, 'response')) as [{ statusCode: number; headers: Record<string, string>; resume(): void }];
    expect([response.statusCode, response.headers['connection']]).toEqual([413, 'close']);
    response.resume();
    chunked.destroy();
  });
});

describe('a caller who reads no answer before they have sent all of a body that is too large', () => {
  it('is not cut off before they read why', async () => {
    const { port } = await served([{ ...echo, maxBodyBytes: 100 }]);
    const socket = connect({ port, host: '127.0.0.1' });
    socket.pause();
    const size = 16 << 20;
    socket.write(`POST /echo/1 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${size}\r\n\r\n`);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.write(Buffer.alloc(size, 'x'), () => resolve());
    });
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 413 .*content-too-large/s);
  });
});

describe('who calls', () => {
  const unknown = { callerOf: () => Promise.resolve(undefined), refuseForgery: () => Promise.resolve() };

  it('must be known where the route says so', async () => {
    const { post } = await served([echo], { callers: unknown });
    const answer = await post('/echo/1', { name: 'x' });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });

  it('is asked before the body is looked at', async () => {
    const { post } = await served([echo], { callers: unknown });
    expect((await post('/echo/1', '{')).status).toBe(401);
  });

  it('may be nobody where anybody may call, also with credentials that are no good any more', async () => {
    const anybody = route({
      ...common,
      method: 'get',
      path: '/open',
      access: 'anybody',
      handle: ({ caller }) => ok({ known: caller !== undefined }),
    });
    const bad = { ...unknown, callerOf: () => Promise.reject(new Problem(401, 'unauthorized', 'no')) };
    const { call } = await served([anybody], { callers: bad });
    expect(await (await call('GET', '/open')).json()).toEqual({ known: false });
  });

  it('with a cookie must have meant it, when something is written', async () => {
    const asked: unknown[] = [];
    const callers = {
      callerOf: () => Promise.resolve({ ...bob, proof: 'Session' as const }),
      refuseForgery: (_headers: unknown, token?: string) => {
        asked.push(token);
        return Promise.reject(new Problem(403, 'not-from-our-page', 'no'));
      },
    };
    const form = route({
      ...common,
      method: 'post',
      path: '/form',
      access: 'caller',
      page: true,
      body: z.looseObject({}),
      handle: () => ok({}),
    });
    const read = route({ ...common, method: 'get', path: '/form', access: 'caller', handle: () => ok({}) });
    const { post, call } = await served([echo, form, read], { callers });
    expect((await post('/echo/1', { name: 'x' })).status).toBe(403);
    const sent = await call('POST', '/form', { body: new URLSearchParams({ form_token: 't' }) });
    expect(sent.status).toBe(403);
    expect((await call('GET', '/form')).status).toBe(200);
    expect(asked).toEqual([undefined, 't']);
  });
});

describe('a form', () => {
  const form = route({
    method: 'post',
    path: '/open',
    summary: 'A form for anybody',
    tag: 'Service',
    access: 'anybody',
    page: true,
    body: z.looseObject({}),
    answers: { 200: { description: 'Done.' } },
    handle: ({ body }) => Promise.resolve({ status: 200, body }),
  });
  const send = async (text: string): Promise<{ status: number; detail: string | undefined }> => {
    const { call } = await served([form]);
    const answer = await call('POST', '/open', { body: text, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    return { status: answer.status, detail: ((await answer.json()) as { detail?: string }).detail };
  };

  it('is taken with its fields', async () => {
    expect(await send('a=1&b=2')).toMatchObject({ status: 200 });
  });

  it.each([
    ['a field twice', 'a=1&a=2', 'body.a is there twice'],
    // Whoever is not even known must not keep the process busy.
    ['more fields than any page has', Array.from({ length: 30_000 }, (_, i) => `f${i}`).join('&'), 'more than 200 fields'],
  ])('with %s is refused', async (_what, text, sentence) => {
    expect(await send(text)).toEqual({ status: 422, detail: expect.stringContaining(sentence) as string });
  });
});

describe('a write', () => {
  it('beyond the rate of its caller is told when to come again', async () => {
    const { post } = await served([echo], { takeDecision: () => Promise.resolve(1_200) });
    const answer = await post('/echo/1', { name: 'x' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '2']);
  });

  it('with a key is remembered by caller, key and what was sent', async () => {
    const kept: unknown[] = [];
    const { post } = await served([echo], {
      remember: ({ signal: _signal, ...keyed }, run) => {
        kept.push(keyed);
        return run();
      },
    });
    await post('/echo/1', { name: 'x' });
    await post('/echo/1', { name: 'x' }, { 'idempotency-key': 'k' });
    expect(kept).toEqual([{ caller: bob, key: 'k', method: 'POST', path: '/echo/1', content: '{"name":"x"}' }]);
    expect((await post('/echo/1', { name: 'x' }, { 'idempotency-key': 'a b' })).status).toBe(400);
  });

  it('that was remembered is waited for all the same', async () => {
    const waits = { ...echo, afterwards: (answer: Answer) => Promise.resolve({ ...answer, body: { waited: answer.body } }) };
    const { post } = await served([waits], { remember: () => ok('remembered') });
    expect(await (await post('/echo/1', { name: 'x' }, { 'idempotency-key': 'k' })).json()).toEqual({ waited: 'remembered' });
  });
});

describe('what goes wrong', () => {
  it('unforeseen is logged under a name, and told to nobody', async () => {
    const { call, lines } = await served([failing(new Error('the password is hunter2'))]);
    const answer = await call('GET', '/fail');
    const text = await answer.text();
    expect([answer.status, text]).toEqual([500, expect.not.stringContaining('hunter2')]);
    expect(text).not.toContain('.ts:');
    const { instance } = JSON.parse(text) as { instance: string };
    expect(lines.join('')).toContain(instance.replace('urn:uuid:', ''));
  });

  it.each<[string, unknown, number, string | null]>([
    ['the API server is away', new ConnectionError('connect ECONNREFUSED 10.0.0.1:6443', false), 503, '5'],
    ['the API server is busy', new ApiError(429, 'TooManyRequests', 'busy', {}, 9_000), 503, '9'],
    ['the API server does not know the service', new ApiError(401, 'Unauthorized', 'Unauthorized'), 503, '5'],
    ['a webhook of the cluster does not answer', new ApiError(500, 'InternalError', 'failed calling webhook'), 503, '5'],
    ['nobody can say', new ApiError(418, '', 'teapot'), 500, null],
  ])('because %s is told as that, without its words', async (_what, error, status, retryAfter) => {
    const { call } = await served([failing(error)]);
    const answer = await call('GET', '/fail');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, retryAfter]);
    expect(await answer.text()).not.toContain((error as Error).message);
  });
});

describe('pages of other origins', () => {
  const preflight = { headers: { origin: 'https://portal.example', 'access-control-request-method': 'POST' } };

  it('may not call unless the administrator says so', async () => {
    const { call } = await served([echo]);
    expect((await call('OPTIONS', '/echo/1', preflight)).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('may call when they are named, and no others', async () => {
    const { call } = await served([echo], { origins: ['https://portal.example'] });
    const answer = await call('OPTIONS', '/echo/1', preflight);
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, 'https://portal.example']);
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    const other = await call('OPTIONS', '/echo/1', { headers: { ...preflight.headers, origin: 'https://evil.example' } });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('the end', () => {
  it('wakes those who wait, answers them, and asks them to come back elsewhere', async () => {
    let begun: () => void = () => undefined;
    const isWaiting = new Promise<void>((resolve) => (begun = resolve));
    const waits = route({
      ...common,
      method: 'get',
      path: '/wait',
      access: 'anybody',
      handle: ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ status: 202, body: {} }));
          begun();
        }),
    });
    const { app, call } = await served([waits]);
    const answer = call('GET', '/wait');
    await isWaiting;
    app.end();
    expect([(await answer).status, (await answer).headers.get('connection')]).toEqual([202, 'close']);
  });
});
