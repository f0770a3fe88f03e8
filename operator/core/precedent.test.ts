import { describe, expect, it } from 'vitest';
import { approvedAt, comparable, isPrecedent, latestAmong, type PastRequest } from './precedent.ts';

const condition = (type: string, status: 'True' | 'False', reason: string, minute: number) => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: `2026-11-20T09:${String(minute).padStart(2, '0')}:00Z`,
});
const approvedIn = (minute: number) => [condition('Approved', 'True', 'Approved', minute), condition('Settled', 'True', 'Settled', minute)];
const job = (name: string) => ({ resource: { apiVersion: 'batch/v1' as const, kind: 'Job' as const, name } });

interface Change {
  readonly operation?: string;
  readonly subject?: PastRequest['spec']['subject'];
  readonly conditions?: ReturnType<typeof approvedIn>;
  readonly uid?: string;
  readonly namespace?: string;
  readonly createdAt?: string;
}
const past = ({
  operation = 'wire-transfer',
  subject = job('wire-1'),
  conditions = approvedIn(1),
  uid = 'before',
  namespace = 'payments',
  createdAt = '2026-11-20T09:00:00Z',
}: Change = {}): PastRequest => ({
  ...{ uid, namespace, createdAt },
  spec: { operation, subject },
  status: { conditions },
});
const now = past({ uid: 'now', createdAt: '2026-11-21T09:00:00Z', conditions: [] });

describe('an earlier run of the same', () => {
  it('is an approved one of the same operation, or of the same name', () => {
    expect(isPrecedent(past({ subject: job('another') }), now)).toBe(true);
    expect(isPrecedent(past({ operation: 'else' }), now)).toBe(true);
  });

  it.each<[string, Change]>([
    ['other work', { operation: 'else', subject: job('another') }],
    ['what was not approved', { conditions: [] }],
    ['what was approved and came to a no', { conditions: [...approvedIn(1), condition('Released', 'False', 'Expired', 2)] }],
    ['what came later', { createdAt: '2026-11-22T09:00:00Z' }],
    ['what is elsewhere', { namespace: 'lending' }],
    ['itself', { uid: 'now' }],
    ['what runs outside', { subject: { external: { system: 'bank', id: '1' } } }],
  ])('is not %s', (_what, change) => {
    expect(isPrecedent(past(change), now)).toBe(false);
  });

  it('is the latest approved of which it is still stored what ran; of the others it is said how many', async () => {
    const [first, second, third] = [1, 2, 3].map((minute) => past({ uid: `${minute}`, conditions: approvedIn(minute) })) as [
      PastRequest,
      PastRequest,
      PastRequest,
    ];
    const stored = (uids: readonly string[]) => (request: PastRequest) => Promise.resolve(uids.includes(request.uid) ? {} : undefined);
    const among = (uids: readonly string[]) => latestAmong([second, third, first], { timeOf: approvedAt, read: stored(uids) });
    expect(await among(['1', '2', '3'])).toMatchObject({ kind: 'found', request: third, skipped: 0 });
    expect(await among(['1'])).toMatchObject({ kind: 'found', request: first, skipped: 2 });
    expect(await among([])).toEqual({ kind: 'gone', request: third });
    expect(await latestAmong([], { timeOf: approvedAt, read: stored([]) })).toEqual({ kind: 'none' });
  });

  it('is not, nor counted among the later ones, what whoever asks may not read: where there is none else they are told that alone', async () => {
    const three = [1, 2, 3].map((minute) => past({ uid: `${minute}`, conditions: approvedIn(minute) }));
    const readable = (...uids: readonly string[]) =>
      latestAmong(three, {
        timeOf: approvedAt,
        mayRead: ({ uid }) => Promise.resolve(uids.includes(uid)),
        read: ({ uid }) => Promise.resolve(uid === '2' ? undefined : { uid }),
      });
    expect(await readable('1')).toMatchObject({ kind: 'found', subject: { uid: '1' }, skipped: 0 });
    expect(await readable('1', '2')).toMatchObject({ kind: 'found', subject: { uid: '1' }, skipped: 1 });
    expect(await readable('2')).toMatchObject({ kind: 'gone', request: { uid: '2' } });
    expect(await readable()).toEqual({ kind: 'forbidden' });
  });

  it('is compared in what was claimed, in its Job and in what runs beside it', () => {
    expect(comparable({ operation: 'x', reason: 'y' }, undefined)).toEqual({ request: { operation: 'x', reason: 'y' } });
    expect(comparable({ operation: 'x', context: { amount: 1 } }, { a: 1 }, { postActions: [], rollback: undefined })).toEqual({
      request: { operation: 'x', context: { amount: 1 } },
      jobSpec: { a: 1 },
      postActions: [],
    });
  });
});
