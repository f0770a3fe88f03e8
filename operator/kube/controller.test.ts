import { Registry } from 'prom-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Outcome, Ref } from '../core/ports.ts';
import { gaveUp, settled, wake } from '../core/ports.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { ApiError } from './client/apiError.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller.ts';
import { NotLeader } from './notLeader.ts';

vi.setConfig({ testTimeout: 60_000 });
/** Polls for as long as a busy machine may need. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

const started: Controller[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((controller) => controller.stop()));
});

function run(reconcile: (ref: Ref) => Promise<Outcome>, options: Partial<ControllerOptions> = {}) {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({ level: 'debug', destination: { write: (line: string) => void lines.push(JSON.parse(line) as never) } });
  const metrics = createMetrics(new Registry());
  const controller = new Controller({ name: 'test', concurrency: 2, reconcile, log, metrics, ...options });
  started.push(controller);
  return { controller, lines, text: () => metrics.registry.metrics() };
}

describe('a controller', () => {
  it('passes over each key it was told, by namespace and name, what was told before the start included', async () => {
    const seen: Ref[] = [];
    const { controller } = run((ref) => {
      seen.push(ref);
      return Promise.resolve(settled);
    });
    controller.enqueue('ns/a');
    controller.enqueue('cluster-wide');
    controller.start();
    controller.enqueue('ns/b');
    await eventually(() => seen).toEqual([{ namespace: 'ns', name: 'a' }, { name: 'cluster-wide' }, { namespace: 'ns', name: 'b' }]);
  });

  it('works on no more keys at one time than it may, and on no key twice at one time', async () => {
    const running = new Set<string>();
    let most = 0;
    let passes = 0;
    const { controller } = run(async ({ name }) => {
      expect(running.has(name)).toBe(false);
      running.add(name);
      most = Math.max(most, running.size);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running.delete(name);
      passes += 1;
      return settled;
    });
    controller.start();
    let asked = 0;
    const asking = setInterval(() => controller.enqueue(`k${asked++ % 4}`), 1);
    await eventually(() => passes).toBeGreaterThan(8);
    clearInterval(asking);
    expect(most).toBe(2);
  });

  it('comes back when the outcome says so', async () => {
    let passes = 0;
    const { controller } = run(() => Promise.resolve(++passes < 3 ? wake(5) : settled));
    controller.start();
    controller.enqueue('a');
    await eventually(() => passes).toBe(3);
  });

  it('tries a conflict again without calling it an error', async () => {
    let passes = 0;
    const { controller, lines, text } = run(() =>
      ++passes < 3 ? Promise.reject(new ApiError(409, 'Conflict', 'changed')) : Promise.resolve(settled),
    );
    controller.start();
    controller.enqueue('a');
    await eventually(() => passes).toBe(3);
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(await text()).toContain('countersign_reconcile_total{controller="test",outcome="conflict"} 2');
    expect(await text()).not.toContain('countersign_reconcile_errors_total{');
  });

  it('logs an error with its reason and attempt, counts it and tries again', async () => {
    let passes = 0;
    const { controller, lines, text } = run(() =>
      ++passes < 3 ? Promise.reject(new ApiError(403, 'Forbidden', 'not you')) : Promise.resolve(settled),
    );
    controller.start();
    controller.enqueue('ns/a');
    await eventually(() => passes).toBe(3);
    const errors = lines.filter(({ level }) => level === 'error');
    expect(errors).toMatchObject([
      { controller: 'test', key: 'ns/a', reason: 'Forbidden', attempt: 1 },
      { key: 'ns/a', reason: 'Forbidden', attempt: 2 },
    ]);
    expect(await text()).toContain('countersign_reconcile_errors_total{controller="test",reason="Forbidden"} 2');
  });

  it('does not call it an error when a write was fenced off', async () => {
    let passes = 0;
    const { controller, lines } = run(() => (++passes < 2 ? Promise.reject(new NotLeader('no')) : Promise.resolve(settled)));
    controller.start();
    controller.enqueue('a');
    await eventually(() => passes).toBe(2);
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('leaves a key alone when it gave up, until somebody asks again', async () => {
    let passes = 0;
    const { controller, lines } = run(() => Promise.resolve((passes++, gaveUp('no such kind'))));
    controller.start();
    controller.enqueue('a');
    await eventually(() => lines.map(({ reason }) => reason)).toContain('no such kind');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(passes).toBe(1);
    controller.enqueue('a');
    await eventually(() => passes).toBe(2);
  });

  it('lets its error policy decide, with the number of the attempt', async () => {
    const attempts: number[] = [];
    const errorPolicy = (_error: unknown, attempt: number): Outcome => (attempts.push(attempt) < 3 ? wake(1) : gaveUp('enough'));
    const { controller } = run(() => Promise.reject(new Error('no')), { errorPolicy });
    controller.start();
    controller.enqueue('a');
    await eventually(() => attempts).toEqual([1, 2, 3]);
  });

  it('finishes what it is working on before it has stopped, and begins nothing more', async () => {
    let finish: () => void = () => undefined;
    const seen: string[] = [];
    const { controller } = run(
      async ({ name }) => {
        seen.push(name);
        await new Promise<void>((resolve) => (finish = resolve));
        return settled;
      },
      { concurrency: 1 },
    );
    controller.start();
    controller.enqueue('a');
    controller.enqueue('b');
    await eventually(() => seen).toEqual(['a']);
    let stopped = false;
    const stopping = controller.stop().then(() => (stopped = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stopped).toBe(false);
    finish();
    await stopping;
    expect(seen).toEqual(['a']);
  });
});
