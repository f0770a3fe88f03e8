import fc from 'fast-check';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMetrics } from '../telemetry/metrics.ts';
import { WorkQueue } from './workQueue.ts';

const queueOf = (): WorkQueue => new WorkQueue({ name: 'test', metrics: createMetrics(new Registry()) });
const takeAll = (queue: WorkQueue): string[] => {
  const keys: string[] = [];
  for (let key = queue.take(); key !== undefined; key = queue.take()) {
    keys.push(key);
    queue.done(key);
  }
  return keys;
};

describe('the work queue', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('gives keys in the order they came, each once however often it was added', () => {
    const queue = queueOf();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(takeAll(queue)).toEqual(['a', 'b', 'c']);
  });

  it('does not give a key that is being worked on; what was added meanwhile comes once more after it is done', () => {
    const queue = queueOf();
    queue.add('a');
    expect(queue.take()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(queue.take()).toBeUndefined();
    queue.done('a');
    expect(takeAll(queue)).toEqual(['a']);
  });

  it('gives normal keys before low ones, and lets normal override low', () => {
    const queue = queueOf();
    for (const key of ['l1', 'l2', 'l3']) queue.add(key, 'low');
    queue.add('n');
    queue.add('l2');
    queue.add('n', 'low');
    expect(takeAll(queue)).toEqual(['n', 'l2', 'l1', 'l3']);
  });

  it('gives only so many low keys to be worked on at one time, and normal ones beside them', () => {
    const queue = new WorkQueue({ name: 'test', metrics: createMetrics(new Registry()), mostLow: 2 });
    for (const key of ['l1', 'l2', 'l3']) queue.add(key, 'low');
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['l1', 'l2', undefined]);
    queue.add('n');
    expect([queue.take(), queue.take()]).toEqual(['n', undefined]);
    queue.done('n');
    expect(queue.take()).toBeUndefined();
    queue.done('l1');
    expect(queue.take()).toBe('l3');
  });

  it('does not starve low keys for ever', () => {
    const queue = queueOf();
    queue.add('low', 'low');
    const taken: string[] = [];
    for (let i = 0; i < 20; i++) {
      queue.add(`n${i}`);
      const key = queue.take() ?? '';
      taken.push(key);
      queue.done(key);
    }
    expect(taken).toContain('low');
  });

  it('makes a key due after its delay; of several wakes the earliest wins', () => {
    const queue = queueOf();
    queue.addAfter('a', 500);
    queue.addAfter('a', 100);
    queue.addAfter('a', 900);
    vi.advanceTimersByTime(99);
    expect(takeAll(queue)).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(takeAll(queue)).toEqual(['a']);
    vi.advanceTimersByTime(2_000);
    expect(takeAll(queue)).toEqual([]);
  });

  it('waits for wakes further away than a timer can', () => {
    const queue = queueOf();
    const fiftyDays = 50 * 24 * 3600 * 1000;
    queue.addAfter('a', fiftyDays);
    vi.advanceTimersByTime(fiftyDays - 1_000);
    expect(takeAll(queue)).toEqual([]);
    vi.advanceTimersByTime(2_000);
    expect(takeAll(queue)).toEqual(['a']);
  });

  it('gives wakes in the order of their time, whatever the order they were asked for in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { maxLength: 50 }), (delays) => {
        const queue = queueOf();
        for (const ms of delays) queue.addAfter(`k${ms}`, ms);
        const seen: string[] = [];
        for (let at = 0; at <= 10_001 && seen.length < delays.length; at += 200) {
          vi.advanceTimersByTime(200);
          seen.push(...takeAll(queue));
        }
        queue.close();
        expect(seen).toEqual([...delays].sort((a, b) => a - b).map((ms) => `k${ms}`));
      }),
      { numRuns: 30 },
    );
  });

  it('puts a failing key off for longer each time, up to the cap, and starts again when it is forgotten', () => {
    const queue = queueOf();
    const backOff = { baseMs: 100, capMs: 1_000 };
    const delays = Array.from({ length: 6 }, () => queue.addFailed('a', backOff));
    const full = [100, 200, 400, 800, 1_000, 1_000];
    delays.forEach((ms, i) => {
      expect(ms).toBeGreaterThanOrEqual((full[i] ?? 0) / 2);
      expect(ms).toBeLessThanOrEqual(full[i] ?? 0);
    });
    expect(queue.failures('a')).toBe(6);
    queue.forget('a');
    expect(queue.addFailed('a', backOff)).toBeLessThanOrEqual(100);
    expect(queue.addFailed('b', backOff, 5_000)).toBe(5_000);
  });

  it('tells its depth by priority and how long the oldest key has waited', async () => {
    const metrics = createMetrics(new Registry());
    const queue = new WorkQueue({ name: 'test', metrics });
    queue.add('a');
    queue.add('b', 'low');
    queue.add('c', 'low');
    vi.advanceTimersByTime(3_000);
    const text = await metrics.registry.metrics();
    expect(text).toContain('countersign_queue_depth{controller="test",priority="normal"} 1');
    expect(text).toContain('countersign_queue_depth{controller="test",priority="low"} 2');
    expect(text).toContain('countersign_queue_oldest_age_seconds{controller="test"} 3');
  });

  it('never gives one key to two at one time and loses none (any interleaving)', () => {
    const step = fc.record({ op: fc.constantFrom('add', 'low', 'take', 'done'), key: fc.constantFrom('a', 'b', 'c', 'd') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = queueOf();
        const running = new Set<string>();
        const owed = new Set<string>();
        for (const { op, key } of steps) {
          if (op === 'add' || op === 'low') {
            queue.add(key, op === 'low' ? 'low' : 'normal');
            owed.add(key);
          } else if (op === 'take') {
            const taken = queue.take();
            if (taken === undefined) continue;
            expect(running.has(taken)).toBe(false);
            expect(owed.delete(taken)).toBe(true);
            running.add(taken);
          } else if (running.delete(key)) queue.done(key);
        }
        for (const key of running) queue.done(key);
        expect(new Set(takeAll(queue))).toEqual(owed);
        queue.close();
      }),
    );
  });
});
