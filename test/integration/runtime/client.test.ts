import { describe, expect } from 'vitest';
import { isAlreadyExists, isConflict, isInvalid, isNotFound } from '../../../operator/kube/client/apiError.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { test } from '../../fixtures/inNamespace.ts';
import { resources } from '../../fixtures/world.ts';

const configMap = (name: string, data: Record<string, string> = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
const failure = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => undefined,
    (error: unknown) => error,
  );

describe.concurrent('the client on a real API server', () => {
  test('deletes only the object whose uid and version it was told', async ({ ns }) => {
    const ref = { namespace: ns.name, name: 'a' };
    const made = await ns.admin.create(resources.configMaps, ns.name, configMap('a'));
    const { uid, resourceVersion } = made.metadata;
    expect(isConflict(await failure(ns.admin.delete(resources.configMaps, ref, { uid: 'another' })))).toBe(true);
    expect(isConflict(await failure(ns.admin.delete(resources.configMaps, ref, { uid, resourceVersion: '1' })))).toBe(true);
    expect(isConflict(await failure(ns.admin.delete(resources.configMaps, ref, { uid: 'another', resourceVersion })))).toBe(true);
    await ns.admin.delete(resources.configMaps, ref, { uid, dryRun: true });
    await ns.admin.get(resources.configMaps, ref);
    await ns.admin.delete(resources.configMaps, ref, { uid });
    expect(isNotFound(await failure(ns.admin.get(resources.configMaps, ref)))).toBe(true);
  });

  test('writes with the conditions it was given, and tells the refusals apart', async ({ ns }) => {
    const ref = { namespace: ns.name, name: 'a' };
    const made = await ns.admin.create(resources.configMaps, ns.name, configMap('a'));
    expect(isAlreadyExists(await failure(ns.admin.create(resources.configMaps, ns.name, configMap('a'))))).toBe(true);
    const { uid, resourceVersion } = made.metadata;
    const patch = (metadata: object) => ns.admin.patch(resources.configMaps, ref, { metadata, data: { x: '1' } }, { type: 'merge' });
    await patch({ uid, resourceVersion });
    expect(isConflict(await failure(patch({ uid, resourceVersion })))).toBe(true);
    expect(isConflict(await failure(ns.admin.replace(resources.configMaps, ref, { ...made, data: { x: '2' } })))).toBe(true);
    expect(isInvalid(await failure(ns.admin.create(resources.configMaps, ns.name, configMap('Not a name'))))).toBe(true);
    const fields = { type: 'apply', fieldManager: 'test', force: true } as const;
    const applied = await ns.admin.patch<KubeObject & { data: object }>(resources.configMaps, ref, configMap('a', { y: '3' }), fields);
    expect(applied.data).toEqual({ x: '1', y: '3' });
    const json = [{ op: 'replace', path: '/data/y', value: '4' }];
    expect(await ns.admin.patch(resources.configMaps, ref, json, { type: 'json' })).toMatchObject({ data: { x: '1', y: '4' } });
  });

  test('lists page by page, and metadata alone when that is enough', async ({ ns }) => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await ns.admin.create(resources.configMaps, ns.name, configMap(name, { big: 'x'.repeat(100) }));
    const seen: string[] = [];
    const options = { namespace: ns.name, limit: 2, metadataOnly: true, fieldSelector: 'metadata.name!=kube-root-ca.crt' };
    for await (const item of ns.admin.listAll(resources.configMaps, options)) {
      seen.push(item.metadata.name);
      expect(item).not.toHaveProperty('data');
    }
    expect(seen).toEqual(names);
    expect((await ns.admin.list(resources.configMaps, { namespace: ns.name, labelSelector: 'no=such', metadataOnly: true })).items).toEqual(
      [],
    );
  });

  test('tells the time of the API server', async ({ ns }) => {
    const made = await ns.admin.create(resources.configMaps, ns.name, configMap('a'));
    const now = ns.admin.serverNow();
    const stamped = Date.parse(made.metadata.creationTimestamp);
    expect(now).toBeGreaterThanOrEqual(stamped - 1_000);
    expect(now).toBeLessThan(stamped + 30_000);
  });

  test('streams what is there and what comes', async ({ ns }) => {
    await ns.admin.create(resources.configMaps, ns.name, configMap('before'));
    const seen: string[] = [];
    for await (const { type, object } of ns.admin.watch(resources.configMaps, { namespace: ns.name, sendInitialEvents: true })) {
      if (type === 'BOOKMARK') await ns.admin.create(resources.configMaps, ns.name, configMap('after'));
      else if (object.metadata.name !== 'kube-root-ca.crt') seen.push(`${type} ${object.metadata.name}`);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(['ADDED before', 'ADDED after']);
  });
});
