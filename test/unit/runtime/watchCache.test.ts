import type { ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { WatchCache } from '../../../operator/kube/watchCache.ts';
import type { CacheChange, WatchCacheOptions } from '../../../operator/kube/watchCache.ts';
import { silentLogger } from '../../../operator/telemetry/logger.ts';
import { createMetrics } from '../../../operator/telemetry/metrics.ts';
import { WireServer, json, refusal, reset } from '../../fixtures/wireServer.ts';
import type { SeenRequest } from '../../fixtures/wireServer.ts';

vi.setConfig({ testTimeout: 60_000 });
/** Polls for as long as a busy machine may need. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

const things = { group: 'example.com', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };

interface Thing {
  name: string;
  value: unknown;
  colour: string;
  fields: unknown;
}

const project = (raw: KubeObject): Thing => ({
  name: raw.metadata.name,
  value: raw['value'],
  colour: raw.metadata.labels?.['colour'] ?? 'none',
  fields: raw.metadata.managedFields,
});

function thing(name: string, resourceVersion: string, value: unknown = 0, colour = 'red'): KubeObject {
  const metadata = { namespace: 'ns', name, uid: name, resourceVersion, creationTimestamp: '', labels: { colour }, managedFields: [{}] };
  return { metadata, value };
}

const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;
const added = (...args: Parameters<typeof thing>): string => line('ADDED', thing(...args));
const modified = (...args: Parameters<typeof thing>): string => line('MODIFIED', thing(...args));
const deleted = (...args: Parameters<typeof thing>): string => line('DELETED', thing(...args));
const bookmark = (resourceVersion: string, ends = false): string =>
  line('BOOKMARK', { metadata: { resourceVersion, ...(ends ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}) } });
const expired = line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' });

/** What a server answers to the first, second… request; a function may do as it likes, a text is streamed and left open. */
type Script = (string | ((response: ServerResponse, request: SeenRequest) => void))[];

async function cacheOn(script: Script, options: Partial<WatchCacheOptions<Thing>> = {}) {
  const open: ServerResponse[] = [];
  const server = await WireServer.start((request, response, n) => {
    const step = script[n - 1] ?? '';
    open.push(response);
    if (typeof step === 'function') return step(response, request);
    response.writeHead(200);
    response.write(step === '' ? '\n' : step);
  });
  const metrics = createMetrics(new Registry());
  const cache = new WatchCache<Thing>({ client: server.client(), type: things, project, log: silentLogger(), metrics, ...options });
  const changes: CacheChange<Thing>[] = [];
  cache.onChange((change) => changes.push(change));
  cache.start();
  return {
    server,
    cache,
    changes,
    metrics,
    /** Adds to what the newest request is being answered. */
    send: (text: string) => open.at(-1)?.write(text),
    /** Resets every connection that is open. */
    cutAll: () => open.forEach(reset),
    queries: () => server.requests.map(({ url }) => new URLSearchParams(url.split('?')[1])),
    [Symbol.asyncDispose]: async () => {
      await cache.stop();
      await server[Symbol.asyncDispose]();
    },
  };
}

const told = (changes: CacheChange<Thing>[]): string[] =>
  changes.map(({ key, old, new: now, own }) => `${key} ${String(old?.value)} -> ${String(now?.value)}${own === true ? ' own' : ''}`);

const initial = added('a', '1') + added('b', '2') + bookmark('5', true);

describe('a watch cache', () => {
  it('is in sync when the streamed list has ended, holds projections without managedFields, and goes on in the same watch', async () => {
    await using t = await cacheOn([added('a', '1') + added('b', '2')]);
    await eventually(() => t.cache.size).toBe(2);
    expect(t.cache.isSynced()).toBe(false);
    t.send(bookmark('5', true));
    await t.cache.synced;
    expect([t.cache.get('ns/a'), t.cache.resourceVersion]).toEqual([{ name: 'a', value: 0, colour: 'red', fields: undefined }, '5']);
    t.send(modified('a', '6', 1) + deleted('b', '7'));
    await eventually(() => t.cache.size).toBe(1);
    expect(told(t.changes)).toEqual(['ns/a undefined -> 0', 'ns/b undefined -> 0', 'ns/a 0 -> 1', 'ns/b 0 -> undefined']);
    expect(t.server.requests).toHaveLength(1);
    expect([...t.cache.values()].map(({ name }) => name)).toEqual(['a']);
  });

  it('ignores what is repeated or older than what it has', async () => {
    await using t = await cacheOn([initial]);
    await t.cache.synced;
    t.send(
      modified('a', '9', 'new') +
        modified('a', '8', 'old') +
        modified('a', '9', 'new') +
        added('a', '1') +
        deleted('a', '7') +
        added('z', '10'),
    );
    await eventually(() => t.cache.get('ns/z')).toBeDefined();
    expect(told(t.changes.slice(2))).toEqual(['ns/a 0 -> new', 'ns/z undefined -> 0']);
  });

  it('compares versions as numbers, not as text', async () => {
    await using t = await cacheOn([initial]);
    await t.cache.synced;
    t.send(modified('a', '9', 'nine') + modified('a', '10', 'ten') + modified('a', '99999999999999999999', 'huge'));
    await eventually(() => t.cache.get('ns/a')?.value).toBe('huge');
    expect(told(t.changes.slice(2))).toHaveLength(3);
  });

  it('takes over the answer of an own write, and tells of it once', async () => {
    await using t = await cacheOn([initial]);
    await t.cache.synced;
    t.cache.observe(thing('a', '7', 'mine'));
    t.cache.observe(thing('new', '8', 'mine'));
    expect(t.cache.get('ns/a')?.value).toBe('mine');
    t.send(modified('a', '7', 'mine') + added('new', '8', 'mine') + bookmark('9'));
    await eventually(() => t.cache.resourceVersion).toBe('9');
    expect(told(t.changes.slice(2))).toEqual(['ns/a 0 -> mine own', 'ns/new undefined -> mine own']);
  });

  it('does not bring back what was deleted before the answer of an own write arrived', async () => {
    await using t = await cacheOn([initial]);
    await t.cache.synced;
    t.send(deleted('a', '8'));
    await eventually(() => t.cache.size).toBe(1);
    t.cache.observe(thing('a', '7', 'mine'));
    expect(t.cache.get('ns/a')).toBeUndefined();
  });

  it('does not take over what its selector or namespace leaves out', async () => {
    await using t = await cacheOn([initial], { namespace: 'ns', labelSelector: 'colour=red' });
    await t.cache.synced;
    t.cache.observe(thing('blue', '7', 1, 'blue'));
    t.cache.observe({ ...thing('far', '7'), metadata: { ...thing('far', '7').metadata, namespace: 'other' } });
    t.cache.observe(thing('fits', '7'));
    expect([t.cache.get('ns/blue'), t.cache.get('other/far'), t.cache.get('ns/fits')?.name]).toEqual([undefined, undefined, 'fits']);
  });

  it('goes on from where it was when the connection breaks', async () => {
    await using t = await cacheOn([initial, modified('a', '6', 'later')]);
    await t.cache.synced;
    t.send(bookmark('5'));
    t.cutAll();
    await eventually(() => t.cache.get('ns/a')?.value).toBe('later');
    expect(t.queries()[1]?.get('resourceVersion')).toBe('5');
    expect(t.queries()[1]?.has('sendInitialEvents')).toBe(false);
  });

  it.each([
    ['in the stream', (response: ServerResponse) => void response.writeHead(200).end(expired)],
    ['as the answer', (response: ServerResponse) => refusal(response, 410, 'Expired')],
  ])('lists again after a 410 %s, and tells the differences, deletions included', async (_where, refuse) => {
    await using t = await cacheOn([initial, refuse, added('a', '1') + added('c', '11') + bookmark('12', true)]);
    await t.cache.synced;
    t.cutAll();
    await eventually(() => t.cache.resourceVersion).toBe('12');
    expect(told(t.changes.slice(2)).sort()).toEqual(['ns/b 0 -> undefined', 'ns/c undefined -> 0']);
    expect(t.cache.isSynced()).toBe(true);
  });

  it('keeps an own write that is newer than the list which did not name it', async () => {
    await using t = await cacheOn([initial, (response) => refusal(response, 410, 'Expired'), added('a', '1')]);
    await t.cache.synced;
    t.cutAll();
    await eventually(() => t.server.requests.length).toBe(3);
    t.cache.observe(thing('mine', '50'));
    t.send(bookmark('40', true));
    await eventually(() => t.cache.resourceVersion).toBe('40');
    expect([t.cache.get('ns/mine')?.name, t.cache.get('ns/b')]).toEqual(['mine', undefined]);
  });

  it('throws nothing away when a list breaks off in the middle', async () => {
    await using t = await cacheOn([
      initial,
      (response) => refusal(response, 410, 'Expired'),
      (response) => {
        response.writeHead(200);
        response.write(added('a', '1'), () => setTimeout(() => reset(response), 5));
      },
      added('a', '1') + added('b', '2') + bookmark('12', true),
    ]);
    await t.cache.synced;
    t.cutAll();
    await eventually(() => t.cache.resourceVersion).toBe('12');
    expect(t.changes).toHaveLength(2);
  });

  it('goes on after an error of any kind in the stream, which it neither stops at nor spins on', async () => {
    const error = line('ERROR', { kind: 'Status', code: 500, reason: 'InternalError', message: 'etcd is away' });
    const failing = (response: ServerResponse): void => void response.writeHead(200).end(error);
    await using t = await cacheOn([initial, failing, failing, failing, modified('a', '6', 'later')]);
    await t.cache.synced;
    t.cutAll();
    await eventually(() => t.cache.get('ns/a')?.value).toBe('later');
    expect(t.server.requests).toHaveLength(5);
    expect(await t.metrics.registry.metrics()).toContain('countersign_watch_restarts_total{kind="Thing",reason="InternalError"} 3');
  });

  it('gives up on a connection that has gone silent', async () => {
    await using t = await cacheOn([initial, modified('a', '6', 'later')], { watchSeconds: 0.01, idleGraceMs: 50 });
    await t.cache.synced;
    await eventually(() => t.cache.get('ns/a')?.value).toBe('later');
  });

  it('backs off from a server that ends each watch at once', async () => {
    const polite = (response: ServerResponse): void => void response.writeHead(200).end();
    await using t = await cacheOn([initial, ...Array.from({ length: 200 }, () => polite)]);
    await t.cache.synced;
    t.cutAll();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(t.server.requests.length).toBeLessThan(12);
  });

  it('lists page by page where the server does not stream lists', async () => {
    const page = (response: ServerResponse, request: SeenRequest): void => {
      const from = new URLSearchParams(request.url.split('?')[1]).get('continue');
      const items = from === null ? [thing('a', '1')] : [thing('b', '2')];
      json(response, { metadata: { resourceVersion: '5', ...(from === null ? { continue: 'next' } : {}) }, items });
    };
    await using t = await cacheOn([(response) => refusal(response, 422, 'Invalid'), page, page, modified('b', '6', 'later')]);
    await t.cache.synced;
    await eventually(() => t.cache.get('ns/b')?.value).toBe('later');
    expect([t.cache.size, t.queries()[3]?.get('resourceVersion')]).toEqual([2, '5']);
  });

  it('finds objects by an index, and forgets what has changed or gone', async () => {
    await using t = await cacheOn([initial]);
    t.cache.addIndex('colour', ({ colour }) => [colour]);
    await t.cache.synced;
    const red = (): string[] => t.cache.byIndex('colour', 'red').map(({ name }) => name);
    expect(red()).toEqual(['a', 'b']);
    t.send(modified('a', '6', 0, 'blue') + added('c', '7') + deleted('b', '8'));
    await eventually(red).toEqual(['c']);
    expect(t.cache.byIndex('colour', 'blue').map(({ name }) => name)).toEqual(['a']);
    expect(t.cache.byIndex('colour', 'green')).toEqual([]);
    expect(() => t.cache.byIndex('size', 'xl')).toThrow('there is no index size');
  });

  it('tells all listeners though one of them throws', async () => {
    await using t = await cacheOn([initial]);
    const seen: string[] = [];
    t.cache.onChange(() => {
      throw new Error('mine');
    });
    const stop = t.cache.onChange(({ key }) => seen.push(key));
    await t.cache.synced;
    t.send(modified('a', '6', 1));
    await eventually(() => t.cache.get('ns/a')?.value).toBe(1);
    expect(seen).toContain('ns/a');
    stop();
    t.send(modified('a', '7', 2));
    await eventually(() => t.cache.get('ns/a')?.value).toBe(2);
    expect(seen.filter((key) => key === 'ns/a').length).toBeLessThanOrEqual(2);
  });
});
