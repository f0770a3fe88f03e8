import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { FunctionNames } from './functionNames.ts';
import { startHealthServer } from './healthServer.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { rootSpanIdFor, startTracing, traceIdFor, traceparentFor } from './tracing.ts';

vi.setConfig({ testTimeout: 60_000 });

describe('the log', () => {
  const lines = (write: (log: ReturnType<typeof createLogger>) => void): string => {
    let text = '';
    write(createLogger({ destination: { write: (line: string) => void (text += line) }, base: { pod: 'p' } }));
    return text;
  };

  it('is one JSON object a line, with the level by name and the fields of its children', () => {
    const line = lines((log) => log.child({ controller: 'c' }).info({ key: 'ns/a' }, 'released'));
    expect(JSON.parse(line)).toMatchObject({ level: 'info', pod: 'p', controller: 'c', key: 'ns/a', msg: 'released' });
  });

  it.each(['authorization', 'Authorization', 'token', 'refresh_token', 'password', 'cookie'])(
    'never holds the value of %s, however deep',
    (name) => {
      const text = lines((log) => {
        log.info({ [name]: 'hunter2' }, 'a');
        log.info({ request: { headers: { [name]: 'hunter2' } } }, 'b');
        log.error({ err: Object.assign(new Error('x'), { options: { headers: { [name]: 'hunter2' } } }) }, 'c');
      });
      expect(text).not.toContain('hunter2');
      expect(text).toContain('[redacted]');
    },
  );
});

describe('function names', () => {
  it('are kept up to the limit; then known ones stay and new ones are others', () => {
    const names = new FunctionNames(2);
    expect(['a', 'b', 'c', 'a', 'c', undefined, ''].map((name) => names.label(name))).toEqual([
      'a',
      'b',
      'other',
      'a',
      'other',
      'none',
      'none',
    ]);
  });

  it('are 200 unless said otherwise', () => {
    const names = new FunctionNames();
    const labels = new Set(Array.from({ length: 1_000 }, (_, i) => names.label(`f${i}`)));
    expect(labels.size).toBe(201);
  });
});

describe('the metrics', () => {
  it('have the names that dashboards and alerts rely on', async () => {
    const metrics = createMetrics(new Registry());
    const names = (await metrics.registry.getMetricsAsJSON()).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'governance_executions_total',
        'approval_duration_seconds',
        'policy_violations_total',
        'countersign_held_work',
        'countersign_released_total',
        'countersign_hold_to_release_seconds',
        'countersign_decision_to_release_seconds',
        'countersign_reconcile_total',
        'countersign_leader',
      ]),
    );
  });

  it('are measured when they are read, until told to stop', async () => {
    const metrics = createMetrics(new Registry());
    let held = 1;
    const stop = metrics.onCollect(() => metrics.heldWork.set(held));
    expect(await metrics.registry.metrics()).toContain('countersign_held_work 1');
    held = 2;
    expect(await metrics.registry.metrics()).toContain('countersign_held_work 2');
    stop();
    held = 3;
    expect(await metrics.registry.metrics()).toContain('countersign_held_work 2');
  });
});

describe('the health server', () => {
  it('answers /health, /ready with what is missing, /metrics, and nothing else', async () => {
    const metrics = createMetrics(new Registry());
    let missing = ['caches in sync'];
    const server = await startHealthServer({ host: '127.0.0.1', port: 0, registry: metrics.registry, missing: () => missing });
    const get = async (path: string, method = 'GET'): Promise<[number, string]> => {
      const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
      return [answer.status, await answer.text()];
    };
    expect(await get('/health')).toEqual([200, '{"status":"ok"}\n']);
    expect(await get('/ready')).toEqual([503, '{"status":"unavailable","missing":["caches in sync"]}\n']);
    missing = [];
    expect((await get('/ready?verbose'))[0]).toBe(200);
    expect((await get('/metrics'))[1]).toContain('# TYPE governance_executions_total counter');
    expect((await get('/'))[0]).toBe(404);
    expect((await get('/ready', 'POST'))[0]).toBe(405);
    await server.close();
  });

  it('says that its port is taken', async () => {
    const options = { host: '127.0.0.1', port: 0, registry: new Registry(), missing: () => [] };
    const server = await startHealthServer(options);
    await expect(startHealthServer({ ...options, port: server.port })).rejects.toThrow('EADDRINUSE');
    await server.close();
  });
});

describe('traces', () => {
  const uid = 'ac89fc1d-dd71-4733-bcf8-31baede87804';

  it('are named after the uid, the same in every process', () => {
    expect(traceIdFor(uid)).toBe('ac89fc1ddd714733bcf831baede87804');
    expect(traceIdFor('not a uid')).toMatch(/^[0-9a-f]{32}$/);
    expect(traceIdFor('00000000-0000-0000-0000-000000000000')).not.toBe('0'.repeat(32));
    expect(traceparentFor(uid)).toBe(`00-${traceIdFor(uid)}-${rootSpanIdFor(uid)}-01`);
    expect(rootSpanIdFor(uid)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('cost nothing without an endpoint', async () => {
    const tracing = await startTracing({ endpoint: '', serviceName: 's', version: '1' });
    expect(tracing.enabled).toBe(false);
    expect(await tracing.span(uid, 'x', {}, (span) => Promise.resolve(span))).toBeUndefined();
    await tracing.stop();
  });

  it('arrive at a collector as one trace under the root span, what failed included', async () => {
    const bodies: Buffer[] = [];
    const collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        bodies.push(Buffer.concat(chunks));
        response.end();
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    const tracing = await startTracing({ endpoint, serviceName: 'countersign', version: '1' });
    await tracing.span(uid, 'release', { 'countersign.request': 'r' }, () => Promise.resolve(1));
    await expect(tracing.span(uid, 'admission', {}, () => Promise.reject(new Error('denied')))).rejects.toThrow('denied');
    tracing.record(uid, 'decision', {}, 1_000, 2_000);
    tracing.recordRoot(uid, 'held', {}, 1_000, 3_000);
    await tracing.stop();
    const sent = Buffer.concat(bodies);
    for (const name of ['release', 'admission', 'decision', 'held', 'countersign.request']) expect(sent.includes(name)).toBe(true);
    const times = (hex: string): number => sent.toString('hex').split(hex).length - 1;
    expect(times(traceIdFor(uid))).toBe(4);
    // Once as the id of `held`, three times as the parent of the others.
    expect(times(rootSpanIdFor(uid))).toBe(4);
    collector.close();
  });
});
