import { Registry } from 'prom-client';
import { describe, expect, vi, type TestContext } from 'vitest';
import { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { WatchCache } from '../../../operator/kube/watchCache.ts';
import { silentLogger } from '../../../operator/telemetry/logger.ts';
import { createMetrics } from '../../../operator/telemetry/metrics.ts';
import { FaultProxy } from '../../fixtures/faultProxy.ts';
import type { EventFate } from '../../fixtures/faults.ts';
import { test } from '../../fixtures/inNamespace.ts';
import { resources, type TestNamespace } from '../../fixtures/world.ts';

const project = ({ data }: KubeObject): string => JSON.stringify(data ?? {});

/** A cache of the namespace's ConfigMaps behind a proxy, and what its listeners would have put together from its changes. */
async function behindProxy(ns: TestNamespace, onTestFinished: TestContext['onTestFinished'], watchSeconds = 30) {
  const proxy = await FaultProxy.fromKubeconfig(ns.cluster.adminKubeconfig);
  const credentials = { current: () => ({}), invalidate: () => undefined };
  const client = new KubeClient({ cluster: { server: proxy.url, credentials, namespace: ns.name } });
  const metrics = createMetrics(new Registry());
  const cache = new WatchCache<string>({
    client,
    type: resources.configMaps,
    namespace: ns.name,
    project,
    log: silentLogger(),
    metrics,
    watchSeconds,
    idleGraceMs: 200,
  });
  const replayed = new Map<string, string>();
  const mismatches: string[] = [];
  cache.onChange(({ key, old, new: now }) => {
    if (replayed.get(key) !== old) mismatches.push(key);
    if (now === undefined) replayed.delete(key);
    else replayed.set(key, now);
  });
  cache.start();
  onTestFinished(async () => {
    await cache.stop();
    await client.close();
    await proxy.close();
  });
  await cache.synced;
  return {
    proxy,
    cache,
    replayed,
    mismatches,
    restarts: () => metrics.registry.getSingleMetricAsString('countersign_watch_restarts_total'),
  };
}

/** Creates, changes and deletes; the same for each seed. */
async function churn(ns: TestNamespace, rounds: number, between: (round: number) => void, first = 0): Promise<void> {
  for (let round = first; round < first + rounds; round++) {
    const ref = { namespace: ns.name, name: `c-${round % 7}` };
    const data = { round: String(round) };
    between(round);
    if (round % 5 === 4) await ns.admin.delete(resources.configMaps, ref).catch(() => undefined);
    else if (round % 7 === round) await ns.admin.create(resources.configMaps, ns.name, { metadata: { name: ref.name }, data });
    else
      await ns.admin.patch(
        resources.configMaps,
        ref,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: ref.name }, data },
        { type: 'apply', fieldManager: 't', force: true },
      );
  }
}

/** Waits until the cache, and what its changes add up to, is what the API server says. */
async function expectSame(ns: TestNamespace, { cache, replayed, mismatches }: Awaited<ReturnType<typeof behindProxy>>) {
  const truth = new Map<string, string>();
  for await (const item of ns.admin.listAll(resources.configMaps, { namespace: ns.name }))
    truth.set(`${ns.name}/${item.metadata.name}`, project(item));
  // Concurrent tests cannot use expect.poll.
  await vi.waitFor(
    () => {
      expect(new Map([...truth.keys()].map((key) => [key, cache.get(key)]))).toEqual(truth);
      expect(cache.size).toBe(truth.size);
    },
    { timeout: 30_000, interval: 20 },
  );
  expect(mismatches).toEqual([]);
  expect(new Map([...replayed].sort())).toEqual(new Map([...truth].sort()));
}

describe.concurrent('a watch cache on a real API server comes to the same end', () => {
  test('when nothing goes wrong', async ({ ns, onTestFinished }) => {
    const t = await behindProxy(ns, onTestFinished);
    await churn(ns, 40, () => undefined);
    await expectSame(ns, t);
    expect(t.proxy.watches).toHaveLength(1);
  });

  test('when its connection is reset again and again', async ({ ns, onTestFinished }) => {
    const t = await behindProxy(ns, onTestFinished);
    await churn(ns, 40, (round) => round % 6 === 0 && t.proxy.cutWatches());
    await expectSame(ns, t);
    expect(await t.restarts()).toContain('reason="Connection"');
  });

  test('when its connection falls silent without closing', async ({ ns, onTestFinished }) => {
    const t = await behindProxy(ns, onTestFinished, 1);
    t.proxy.freezeWatches();
    await churn(ns, 20, () => undefined);
    await expectSame(ns, t);
    // Its end is kept back as well: it is the silence that is noticed.
    expect(await t.restarts()).toContain('reason="Connection"');
  });

  test('when its version has become too old, in the stream and at the door', async ({ ns, onTestFinished }) => {
    const t = await behindProxy(ns, onTestFinished);
    let refused = 0;
    const inTheStream = (round: number) => {
      if (round % 10 === 3) t.proxy.sendError({ code: 410, reason: 'Expired', message: 'too old resource version' });
    };
    await churn(ns, 20, inTheStream);
    // Only a watch that has caught up goes on from its version when it is cut; one on its way lists anew.
    await expectSame(ns, t);
    t.proxy.refuseWatches(({ query }) =>
      query.includes('sendInitialEvents') || refused++ > 0 ? undefined : { status: 410, reason: 'Expired' },
    );
    t.proxy.cutWatches();
    await churn(ns, 20, inTheStream, 20);
    await expectSame(ns, t);
    expect(refused).toBeGreaterThan(0);
    expect(await t.restarts()).toContain('reason="Expired"');
  });

  test('when events are repeated, delayed and change places', async ({ ns, onTestFinished }) => {
    const t = await behindProxy(ns, onTestFinished);
    let n = 0;
    const fates: EventFate[] = ['repeat', 'hold', 'pass', { delayMs: 30 }, 'hold', 'repeat'];
    t.proxy.onEvent(() => fates[n++ % fates.length] ?? 'pass');
    await churn(ns, 40, () => undefined);
    t.proxy.onEvent(() => 'pass');
    // Whatever is still held back goes out with the next event.
    await ns.admin.create(resources.configMaps, ns.name, { metadata: { name: 'last' } });
    await expectSame(ns, t);
  });

  test('when the server refuses watches with errors that mean nothing to it', async ({ ns, onTestFinished }) => {
    const t = await behindProxy(ns, onTestFinished);
    let left = 4;
    t.proxy.refuseWatches(() => (left-- > 0 ? { status: 500, reason: 'InternalError' } : undefined));
    t.proxy.cutWatches();
    await churn(ns, 15, () => undefined);
    await expectSame(ns, t);
  });

  test('when the server does not stream lists', async ({ ns, onTestFinished }) => {
    const proxied = await behindProxy(ns, onTestFinished);
    proxied.proxy.refuseWatches(({ query }) => (query.includes('sendInitialEvents') ? { status: 422, reason: 'Invalid' } : undefined));
    proxied.proxy.sendError({ code: 410, reason: 'Expired', message: 'too old resource version' });
    await churn(ns, 20, () => undefined);
    await expectSame(ns, proxied);
    expect(await proxied.restarts()).toContain('reason="Invalid"');
  });
});
