import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../operator/kube/client/apiError.ts';
import { sharedSealKeys } from './sealKeys.ts';

/** A Secret that is replaced on condition, as the API server does. */
class Stored {
  data: Record<string, string> | undefined;
  version = 1;
  writes = 0;

  readonly client = {
    get: () =>
      Promise.resolve({
        metadata: { name: 'countersign-approvals-keys', resourceVersion: String(this.version) },
        ...(this.data === undefined ? {} : { data: this.data }),
      }),
    replace: (_type: unknown, _ref: unknown, object: { metadata: { resourceVersion: string }; data: Record<string, string> }) => {
      if (object.metadata.resourceVersion !== String(this.version))
        return Promise.reject(new ApiError(409, 'Conflict', 'changed meanwhile'));
      this.writes += 1;
      this.version += 1;
      this.data = object.data;
      return Promise.resolve(object);
    },
  } as never;
}

describe('the keys that replicas share', () => {
  it('are made once, by whoever comes first, and are the same for all', async () => {
    const stored = new Stored();
    stored.data = { 'another.key': 'kept' };
    const keys = await Promise.all(Array.from({ length: 5 }, () => sharedSealKeys(stored.client, 'countersign-system')));
    expect(new Set(keys.map(([key]) => key?.toString('base64'))).size).toBe(1);
    expect(keys[0]?.[0]).toHaveLength(32);
    expect(stored.writes).toBe(1);
    expect(stored.data['another.key']).toBe('kept');
  });

  it('are never replaced unasked, however wrong they are', async () => {
    const stored = new Stored();
    stored.data = { 'session.keys': Buffer.from('nonsense').toString('base64') };
    await expect(sharedSealKeys(stored.client, 'countersign-system')).rejects.toThrow(/expected base64 of 32 random bytes/);
    expect(stored.writes).toBe(0);
  });
});
