import { describe, expect, it } from 'vitest';
import type { RequestRecord } from './records.ts';
import { Sharing } from './sharing.ts';

const request = (name: string, message: string): RequestRecord => ({
  namespace: 'payments',
  name,
  uid: name,
  resourceVersion: '1',
  generation: 1,
  createdAt: '2026-01-01T00:00:00Z',
  labels: {},
  requester: { username: 'alice', groups: ['dev'] },
  spec: { subject: {}, operation: name, draft: false, cancelled: false },
  status: {
    phase: 'Reviewing',
    observedGeneration: 1,
    conditions: [{ type: 'Approved', status: 'Unknown', reason: 'Reviewing', message, lastTransitionTime: '2026-01-01T00:00:00Z' }],
    policies: [],
    stages: [],
    decisions: [],
  } as unknown as NonNullable<RequestRecord['status']>,
});

describe('Sharing', () => {
  it('changes nothing of what a record says', () => {
    const record = request('a', 'Waiting for bob.');
    expect(new Sharing().request(record)).toEqual(record);
    const { status: _none, ...rest } = record;
    const fresh = { ...rest, status: undefined };
    expect(new Sharing().request(fresh)).toEqual(fresh);
  });

  it('keeps one copy of what two records have in common', () => {
    const sharing = new Sharing();
    const [a, b] = [sharing.request(request('a', 'Waiting for bob.')), sharing.request(request('b', 'Waiting for bob.'))];
    expect(a.status?.conditions[0]).toBe(b.status?.conditions[0]);
    expect(a.requester).toBe(b.requester);
    expect(a.name).not.toBe(b.name);
  });

  it('takes no two things for one that differ', () => {
    const sharing = new Sharing();
    sharing.request(request('a', 'Waiting for bob.'));
    expect(sharing.request(request('b', 'Waiting for carla.')).status?.conditions[0]?.message).toBe('Waiting for carla.');
  });

  it('goes on telling things apart after it has met more than it remembers', () => {
    const sharing = new Sharing();
    for (let n = 0; n < 10_000; n += 1) {
      const message = `Waiting for ${n}.`;
      expect(sharing.request(request('a', message)).status?.conditions[0]?.message).toBe(message);
    }
  });
});
