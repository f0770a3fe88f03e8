import { describe, expect, it } from 'vitest';
import type { Pin } from '../../crds/v1alpha1/index.ts';
import { pinContent } from '../../operator/core/pins.ts';
import { ApiError } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import { checkPins } from './pins.ts';

const stored = { metadata: { uid: 'u' }, data: { most: '100' } };

/** An API server that answers for every name as the name says. */
const client = {
  get: (_type: unknown, { name }: { name: string }): Promise<unknown> => {
    if (name === 'hidden') return Promise.reject(new ApiError(403, 'Forbidden', 'no'));
    if (name === 'gone') return Promise.reject(new ApiError(404, 'NotFound', 'no'));
    if (name === 'broken') return Promise.reject(new ApiError(500, 'InternalError', 'no'));
    return Promise.resolve(stored);
  },
} as unknown as Pick<KubeClient, 'get'>;

const pinned = (name: string, content = pinContent('ConfigMap', stored)): Pin => ({ kind: 'ConfigMap', name, state: 'Pinned', content });
const absent = (name: string): Pin => ({ kind: 'ConfigMap', name, state: 'Absent' });

describe('checkPins', () => {
  it.each<[string, Pin, object]>([
    ['what is as it was', pinned('there'), { changed: [], unread: [] }],
    ['what has other contents', pinned('there', `v1:sha256:${'0'.repeat(64)}`), { changed: ['ConfigMap there'], unread: [] }],
    ['what was deleted', pinned('gone'), { changed: ['ConfigMap gone'], unread: [] }],
    ['what may not be read', pinned('hidden'), { changed: [], unread: ['ConfigMap hidden'] }],
    ['what is still absent', absent('gone'), { changed: [], unread: [] }],
    ['what came later', absent('there'), { changed: ['ConfigMap there'], unread: [] }],
    ['whose absence may not be seen', absent('hidden'), { changed: [], unread: ['ConfigMap hidden'] }],
    ['what was never covered', { kind: 'Secret', name: 'broken', state: 'NotCovered' }, { changed: [], unread: [] }],
    [
      'a Secret with the same contents',
      { kind: 'Secret', name: 'there', state: 'Pinned', content: pinContent('Secret', stored) },
      { changed: [], unread: [] },
    ],
  ])('%s', async (_name, pin, expected) => {
    expect(await checkPins(client, 'payments', [pin])).toEqual(expected);
  });

  it('says nothing when the API server could not say', async () => {
    await expect(checkPins(client, 'payments', [pinned('broken')])).rejects.toThrow('no');
  });
});
