import { describe, expect, it } from 'vitest';
import { pinContent } from '../../core/pins.ts';
import { ApiError, ConnectionError } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import { pinsFor } from './pins.ts';

interface Stored {
  readonly metadata: { readonly uid: string };
  readonly data?: object;
}

/** An API server that has these objects, by `Kind name`; an Error is what it answers instead. */
function having(objects: Record<string, Stored | Error>): { client: Pick<KubeClient, 'get'>; asked: string[] } {
  const asked: string[] = [];
  const get = (type: { kind: string }, ref: { namespace?: string; name: string }): Promise<unknown> => {
    asked.push(`${ref.namespace ?? ''} ${type.kind} ${ref.name}`);
    const found = objects[`${type.kind} ${ref.name}`] ?? new ApiError(404, 'NotFound', 'not found');
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  };
  return { client: { get } as unknown as Pick<KubeClient, 'get'>, asked };
}

const stored = (data: object): Stored => ({ metadata: { uid: 'u-1' }, data });
const forbidden = new ApiError(403, 'Forbidden', 'may not');
const need = (...names: string[]) => names.map((name) => ({ name, optional: false }));
const maybe = (...names: string[]) => names.map((name) => ({ name, optional: true }));
const referring = (more: object) => ({ configMaps: [], secrets: [], unpinnedImages: [], ...more });

describe('pinsFor', () => {
  it('pins what is there, each by the digest of its contents, and reads in the namespace of the work alone', async () => {
    const { client, asked } = having({ 'ConfigMap limits': stored({ most: '100' }), 'Secret key': stored({ key: 'eA==' }) });
    expect(await pinsFor(referring({ configMaps: need('limits'), secrets: need('key') }), 'payments', client)).toEqual({
      pins: [
        { kind: 'ConfigMap', name: 'limits', state: 'Pinned', content: pinContent('ConfigMap', stored({ most: '100' })) },
        { kind: 'Secret', name: 'key', state: 'Pinned', content: pinContent('Secret', stored({ key: 'eA==' })) },
      ],
      notes: [],
    });
    expect(asked).toEqual(['payments ConfigMap limits', 'payments Secret key']);
  });

  it('reads anew each time', async () => {
    const { client, asked } = having({ 'ConfigMap limits': stored({}) });
    const references = referring({ configMaps: need('limits') });
    await pinsFor(references, 'payments', client);
    await pinsFor(references, 'payments', client);
    expect(asked).toHaveLength(2);
  });

  it('takes what is optional and not there as absent', async () => {
    const { client } = having({});
    expect(await pinsFor(referring({ configMaps: maybe('a'), secrets: maybe('b') }), 'payments', client)).toEqual({
      pins: [
        { kind: 'ConfigMap', name: 'a', state: 'Absent' },
        { kind: 'Secret', name: 'b', state: 'Absent' },
      ],
      notes: [],
    });
  });

  it.each(['configMaps', 'secrets'])('holds where %s that the pods need are not there', async (of) => {
    const { client } = having({});
    const { pins, fault } = await pinsFor(referring({ [of]: need('limits') }), 'payments', client);
    expect(pins).toBeUndefined();
    expect(fault).toMatch(/limits in namespace payments does not exist, and the pods need it: create it,/);
  });

  it('notes a Secret that the operator may not read', async () => {
    const { client } = having({ 'Secret key': forbidden });
    expect(await pinsFor(referring({ secrets: need('key') }), 'payments', client)).toEqual({
      pins: [{ kind: 'Secret', name: 'key', state: 'NotCovered' }],
      notes: ['Secret key: its contents are not covered, as the operator may not read it; a RoleBinding in payments can let it.'],
    });
  });

  it('holds where the operator may not read a ConfigMap', async () => {
    const { client } = having({ 'ConfigMap limits': forbidden });
    const { pins, fault } = await pinsFor(referring({ configMaps: maybe('limits') }), 'payments', client);
    expect(pins).toBeUndefined();
    expect(fault).toMatch(/^The operator may not read ConfigMap limits in namespace payments, which a policy pins: let it/);
  });

  it.each([new ApiError(500, 'InternalError', 'etcd'), new ApiError(429, 'TooManyRequests', 'busy'), new ConnectionError('reset', true)])(
    'says nothing when the API server could not say: %s',
    async (error) => {
      const { client } = having({ 'Secret key': error });
      await expect(pinsFor(referring({ secrets: maybe('key') }), 'payments', client)).rejects.toBe(error);
    },
  );

  it('holds where there is more than can be looked at, without looking', async () => {
    const { client, asked } = having({});
    const names = Array.from({ length: 65 }, (_, i) => `c-${i}`);
    const { fault } = await pinsFor(referring({ configMaps: maybe(...names) }), 'payments', client);
    expect(fault).toMatch(/65 ConfigMaps and Secrets; at most 64 can be pinned/);
    expect(asked).toEqual([]);
  });

  it('asks nothing about work that refers to nothing', async () => {
    const { client, asked } = having({});
    expect(await pinsFor(undefined, 'payments', client)).toEqual({ notes: [] });
    expect(await pinsFor(referring({ unpinnedImages: ['busybox:1'] }), 'payments', client)).toEqual({ notes: [] });
    expect(asked).toEqual([]);
  });
});
