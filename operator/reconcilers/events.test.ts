import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { EventRecorder } from './events.ts';

describe('EventRecorder', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const job = { apiVersion: 'batch/v1', kind: 'Job', namespace: 'payments', name: 'wire', uid: 'u' };

  function recorder() {
    const state = { urgent: false };
    const sent: string[] = [];
    const create = (_type: unknown, _namespace: string, event: object) => {
      sent.push((event as { reason: string }).reason);
      return Promise.resolve();
    };
    const client = { now: () => 0, create } as unknown as KubeClient;
    const events = new EventRecorder({ client, log: silentLogger(), reporter: 'pod', isUrgentWork: () => state.urgent });
    const record = (reason: string): void => events.record(job, { type: 'Normal', reason, message: 'It is so.' });
    return { state, sent, events, record };
  }

  it('sends an Event at once when nothing is more urgent', () => {
    const { sent, record } = recorder();
    record('Held');
    expect(sent).toEqual(['Held']);
  });

  it('lets Events wait for urgent work, and sends them in order when that is over', async () => {
    const { state, sent, record } = recorder();
    state.urgent = true;
    record('Held');
    record('Released');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toEqual([]);
    state.urgent = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toEqual(['Held', 'Released']);
  });

  it('lets none wait longer than a minute', async () => {
    const { state, sent, record } = recorder();
    state.urgent = true;
    record('Held');
    await vi.advanceTimersByTimeAsync(61_000);
    expect(sent).toEqual(['Held']);
  });

  it('sends all that wait before it stops', async () => {
    const { state, sent, events, record } = recorder();
    state.urgent = true;
    for (const reason of ['A', 'B', 'C']) record(reason);
    const flushed = events.flush();
    await vi.advanceTimersByTimeAsync(100);
    await flushed;
    expect(sent).toEqual(['A', 'B', 'C']);
  });
});
