import { describe, expect, test } from 'vitest';
import { AdmissionRequest } from './review.ts';
import { stampDelegation } from './stampDelegation.ts';

const spec = { from: 'carla', to: 'dan' };
const carlas = { 'countersign.dev/requester': 'carla', 'countersign.dev/requester-groups': 'board' };

const patchOf = async (more: object): Promise<unknown> => {
  const request = AdmissionRequest.parse({
    uid: 'u',
    kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'ApprovalDelegation' },
    namespace: 'payments',
    operation: 'CREATE',
    userInfo: { username: 'dora', groups: ['trusted', 'staff'] },
    ...more,
  });
  const verdict = await stampDelegation.review(request, { path: '/stamp/delegations', signal: new AbortController().signal });
  return verdict.allowed ? (verdict.patch ?? []) : verdict.message;
};

const stamp = [
  { op: 'add', path: '/metadata/annotations/countersign.dev~1requester', value: 'dora' },
  { op: 'add', path: '/metadata/annotations/countersign.dev~1requester-groups', value: 'trusted\nstaff' },
];

describe('who wrote a delegation', () => {
  test('is whoever creates it, whatever it says', async () => {
    expect(await patchOf({ object: { metadata: { annotations: carlas }, spec } })).toEqual(stamp);
    expect(await patchOf({ object: { metadata: {}, spec } })).toEqual([
      {
        op: 'add',
        path: '/metadata/annotations',
        value: { 'countersign.dev/requester': 'dora', 'countersign.dev/requester-groups': 'trusted\nstaff' },
      },
    ]);
  });

  test('is whoever changes what it says', async () => {
    const update = { operation: 'UPDATE', oldObject: { metadata: { annotations: carlas }, spec } };
    expect(await patchOf({ ...update, object: { metadata: { annotations: carlas }, spec: { ...spec, reason: 'ill' } } })).toEqual(stamp);
  });

  test('is still who it was, when somebody only labels it', async () => {
    const update = { operation: 'UPDATE', oldObject: { metadata: { annotations: carlas }, spec } };
    expect(await patchOf({ ...update, object: { metadata: { annotations: carlas, labels: { team: 'a' } }, spec: { ...spec } } })).toEqual(
      [],
    );
  });

  test('matters no more when it is deleted', async () => {
    expect(await patchOf({ operation: 'DELETE', oldObject: { metadata: { annotations: carlas }, spec } })).toEqual([]);
  });
});
