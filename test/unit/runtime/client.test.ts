import { describe, expect, it, vi } from 'vitest';
import { ApiError, ConnectionError, isAlreadyExists, isConflict, isNotFound } from '../../../operator/kube/client/apiError.ts';
import { NotLeader } from '../../../operator/kube/notLeader.ts';
import { WireServer, all, json, refusal, reset } from '../../fixtures/wireServer.ts';

vi.setConfig({ testTimeout: 60_000 });
/** Polls for as long as a busy machine may need. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

const things = { group: 'example.com', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };
const ref = { namespace: 'ns', name: 'a' };
const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a' } };

describe('the client', () => {
  it('spells paths, queries and content types as the API server wants them', async () => {
    await using server = await WireServer.start((_request, response) => json(response, { ...thing, items: [], metadata: {} }));
    const client = server.client();
    await client.get(things, { ...ref, name: 'a b' });
    await client.list(things, { namespace: 'ns', labelSelector: 'x=y,z', limit: 5, continue: 'to=ken' });
    await client.create(things, 'ns', thing, { dryRun: true, fieldManager: 'me' });
    await client.patch(things, ref, { spec: 1 }, { type: 'merge', subresource: 'status' });
    await client.patch(things, ref, [], { type: 'json' });
    await client.patch(things, ref, {}, { type: 'apply', fieldManager: 'me', force: true });
    await client.replace(things, ref, thing);
    await client.delete(things, ref, { uid: 'u', propagationPolicy: 'Background' });
    await client.delete(things, ref, { uid: 'u', resourceVersion: '7' });
    const seen = server.requests.map(({ method, url, headers, body }) => [method, url, headers['content-type'], body]);
    const base = '/apis/example.com/v1/namespaces/ns/things';
    expect(seen).toEqual([
      ['GET', `${base}/a%20b`, undefined, ''],
      ['GET', `${base}?labelSelector=x%3Dy%2Cz&limit=5&continue=to%3Dken`, undefined, ''],
      ['POST', `${base}?dryRun=All&fieldManager=me`, 'application/json', JSON.stringify(thing)],
      ['PATCH', `${base}/a/status`, 'application/merge-patch+json', '{"spec":1}'],
      ['PATCH', `${base}/a`, 'application/json-patch+json', '[]'],
      ['PATCH', `${base}/a?fieldManager=me&force=true`, 'application/apply-patch+yaml', '{}'],
      ['PUT', `${base}/a`, 'application/json', JSON.stringify(thing)],
      ['DELETE', `${base}/a?uid=u&propagationPolicy=Background`, undefined, ''],
      [
        'DELETE',
        `${base}/a`,
        'application/json',
        '{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"u","resourceVersion":"7"}}',
      ],
    ]);
  });

  it('uses one connection again and again', async () => {
    await using server = await WireServer.start((_request, response) => json(response, thing));
    const client = server.client({ connections: 1 });
    for (let i = 0; i < 20; i++) await client.get(things, ref);
    for (let i = 0; i < 5; i++) await client.delete(things, ref, { uid: 'u' });
    expect(server.connections).toBe(1);
  });

  it('keeps the message, reason and details of a refusal', async () => {
    const status = { kind: 'Status', code: 404, reason: 'NotFound', message: 'things "a" not found', details: { name: 'a' } };
    await using server = await WireServer.start((_request, response) => json(response, status, 404));
    const error: unknown = await server
      .client()
      .get(things, ref)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 404, reason: 'NotFound', message: 'things "a" not found', details: { name: 'a' } });
    expect(isNotFound(error)).toBe(true);
  });

  it('tells a conflict from a name that is taken, though both are 409', async () => {
    await using server = await WireServer.start((request, response) =>
      refusal(response, 409, request.method === 'POST' ? 'AlreadyExists' : 'Conflict'),
    );
    const client = server.client();
    const taken: unknown = await client.create(things, 'ns', thing).catch((caught: unknown) => caught);
    const conflict: unknown = await client.replace(things, ref, thing).catch((caught: unknown) => caught);
    expect([isAlreadyExists(taken), isConflict(taken)]).toEqual([true, false]);
    expect([isAlreadyExists(conflict), isConflict(conflict)]).toEqual([false, true]);
  });

  it('says so when what answers is not an API server', async () => {
    await using server = await WireServer.start((_request, response) => response.writeHead(502).end('<h1>Bad Gateway</h1>'));
    await expect(server.client().get(things, ref)).rejects.toThrow(
      'GET /apis/example.com/v1/namespaces/ns/things/a: HTTP 502: <h1>Bad Gateway</h1>',
    );
  });

  it('repeats a read whose connection was reset', async () => {
    await using server = await WireServer.start((_request, response, n) => (n === 1 ? reset(response) : json(response, thing)));
    await expect(server.client().get(things, ref)).resolves.toEqual(thing);
    expect(server.requests).toHaveLength(2);
  });

  it('never repeats a write that may have arrived', async () => {
    await using server = await WireServer.start((_request, response) => reset(response));
    const error: unknown = await server
      .client()
      .create(things, 'ns', thing)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ sent: true });
    expect(server.requests).toHaveLength(1);
  });

  it('knows that a write was not sent when nobody listens', async () => {
    const server = await WireServer.start(() => undefined);
    const deserted = server.url;
    await server[Symbol.asyncDispose]();
    await using other = await WireServer.start(() => undefined);
    const client = other.client({ timeoutMs: 500 }, { server: deserted });
    const error: unknown = await client.create(things, 'ns', thing).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ sent: false });
  });

  it('repeats a write that the server refused for being busy, after the pause it asked for', async () => {
    await using server = await WireServer.start((_request, response, n) =>
      n === 1 ? refusal(response, 429, 'TooManyRequests', { 'retry-after': '0' }) : json(response, thing, 201),
    );
    await expect(server.client().create(things, 'ns', thing)).resolves.toEqual(thing);
    expect(server.requests).toHaveLength(2);
  });

  it('does not repeat a write that met a 503, which may have done something', async () => {
    await using server = await WireServer.start((_request, response) =>
      refusal(response, 503, 'ServiceUnavailable', { 'retry-after': '0' }),
    );
    await expect(server.client().create(things, 'ns', thing)).rejects.toMatchObject({ status: 503 });
    expect(server.requests).toHaveLength(1);
  });

  it('does not wait longer than the call may take', async () => {
    await using server = await WireServer.start((_request, response) => refusal(response, 429, 'TooManyRequests', { 'retry-after': '60' }));
    await expect(server.client({ timeoutMs: 300 }).get(things, ref)).rejects.toMatchObject({ status: 429, retryAfterMs: 60_000 });
  });

  it('gives up on a server that does not answer', async () => {
    await using server = await WireServer.start(() => undefined);
    await expect(server.client({ timeoutMs: 50 }).create(things, 'ns', thing)).rejects.toThrow('no answer within');
  });

  it('asks beforeWrite before each write, sends nothing when it throws, and does not ask about reads', async () => {
    await using server = await WireServer.start((_request, response) => json(response, thing));
    const client = server.client().fenced(() => {
      throw new NotLeader('somebody else leads');
    });
    await expect(client.create(things, 'ns', thing)).rejects.toThrow(NotLeader);
    await expect(client.patch(things, ref, {}, { type: 'merge' })).rejects.toThrow(NotLeader);
    await expect(client.delete(things, ref)).rejects.toThrow(NotLeader);
    expect(server.requests).toHaveLength(0);
    await expect(client.get(things, ref)).resolves.toEqual(thing);
  });

  it('asks beforeWrite again when a write that waited for a connection is about to go', async () => {
    let leads = true;
    const answers: (() => void)[] = [];
    await using server = await WireServer.start((_request, response) => answers.push(() => json(response, thing)));
    const client = server.client({ connections: 1 }).fenced(() => {
      if (!leads) throw new NotLeader('somebody else leads');
    });
    const first = client.create(things, 'ns', thing);
    const second = client.create(things, 'ns', thing);
    await eventually(() => answers.length).toBe(1);
    leads = false;
    answers[0]?.();
    await first;
    await expect(second).rejects.toThrow(NotLeader);
    expect(server.requests).toHaveLength(1);
  });

  it('asks for credentials anew when the server no longer accepts them, once', async () => {
    let token = 'old';
    await using server = await WireServer.start((request, response) =>
      request.headers.authorization === 'Bearer new' ? json(response, thing) : refusal(response, 401, 'Unauthorized'),
    );
    const credentials = { current: () => ({ authorization: `Bearer ${token}` }), invalidate: () => void (token = 'new') };
    await expect(server.client({}, { credentials }).create(things, 'ns', thing)).resolves.toEqual(thing);
    const stubborn = { current: () => ({ authorization: 'Bearer bad' }), invalidate: () => undefined };
    await expect(server.client({}, { credentials: stubborn }).get(things, ref)).rejects.toMatchObject({ status: 401 });
    expect(server.requests).toHaveLength(4);
  });

  it('acts as somebody else with every group, extra and uid', async () => {
    await using server = await WireServer.start((_request, response) => json(response, thing));
    const impersonate = { user: 'alice', uid: 'u1', groups: ['dev', 'ops'], extra: { 'example.com/scope': ['a'] } };
    await server.client({}, { impersonate }).get(things, ref);
    const raw = server.requests[0]!.rawHeaders.map((text) => text.toLowerCase());
    const values = (name: string) => raw.flatMap((text, i) => (i % 2 === 0 && text === name ? [raw[i + 1]] : []));
    expect(values('impersonate-user')).toEqual(['alice']);
    expect(values('impersonate-uid')).toEqual(['u1']);
    expect(values('impersonate-group')).toEqual(['dev', 'ops']);
    expect(values('impersonate-extra-example.com%2fscope')).toEqual(['a']);
  });

  it('passes on each warning of the server', async () => {
    const warning = '299 - "first, \\"quoted\\"", 299 - "second"';
    await using server = await WireServer.start((_request, response) => json(response, thing, 200, { warning }));
    const warnings: string[] = [];
    await server.client({ onWarning: (text) => warnings.push(text) }).get(things, ref);
    expect(warnings).toEqual(['first, "quoted"', 'second']);
  });

  it('reaches servers below a path', async () => {
    await using server = await WireServer.start((_request, response) => json(response, thing));
    await server.client({}, { server: `${server.url}/k8s/clusters/c-1/` }).get(things, ref);
    expect(server.requests[0]?.url).toBe('/k8s/clusters/c-1/apis/example.com/v1/namespaces/ns/things/a');
  });

  it('tells the time of the server, whatever the local clock says', async () => {
    const theirs = Date.parse('2031-05-05T10:00:00Z');
    await using server = await WireServer.start((_request, response) =>
      json(response, thing, 200, { date: new Date(theirs).toUTCString() }),
    );
    const client = server.client();
    await client.get(things, ref);
    expect(Math.abs(client.serverNow() - theirs)).toBeLessThan(2_000);
  });

  it('lists all pages and names the version only on the first', async () => {
    await using server = await WireServer.start((_request, response, n) =>
      json(response, { metadata: { resourceVersion: '5', ...(n < 3 ? { continue: `c${n}` } : {}) }, items: [n] }),
    );
    const pages = await all(server.client().listAll<number>(things, { resourceVersion: '0', limit: 1 }));
    expect(pages).toEqual([1, 2, 3]);
    expect(server.requests.map(({ url }) => url.split('?')[1])).toEqual([
      'limit=1&resourceVersion=0',
      'limit=1&continue=c1',
      'limit=1&continue=c2',
    ]);
  });

  it('holds no more requests under way than it may', async () => {
    let open = 0;
    let most = 0;
    await using server = await WireServer.start((_request, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open -= 1;
        json(response, thing);
      }, 5);
    });
    const client = server.client({ connections: 50, maxInFlight: 3 });
    await Promise.all(Array.from({ length: 12 }, () => client.get(things, ref)));
    expect(most).toBe(3);
  });
});
