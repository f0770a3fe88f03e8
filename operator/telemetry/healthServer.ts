import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface HealthServerOptions {
  /** Default: all addresses, as probes come from outside the pod. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly registry: Registry;
  /** What is still missing before this process may be given work; empty: ready. */
  readonly missing: () => readonly string[];
  /** What is broken for good, so that the process should be restarted; empty: healthy. */
  readonly unhealthy?: () => readonly string[];
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves /health, /ready and /metrics over plain HTTP. The answers are JSON but for the metrics; 503 names what is missing. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, { error: 'expected GET' });
    switch (request.url?.split('?', 1)[0]) {
      case '/health':
        return answerState(response, 'unhealthy', options.unhealthy?.() ?? []);
      case '/ready':
        return answerState(response, 'missing', options.missing());
      case '/metrics':
        return answerMetrics(response, options.registry);
      default:
        return answer(response, 404, { error: 'expected /health, /ready or /metrics' });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerState(response: ServerResponse, field: string, faults: readonly string[]): void {
  if (faults.length === 0) answer(response, 200, { status: 'ok' });
  else answer(response, 503, { status: 'unavailable', [field]: faults });
}

function answerMetrics(response: ServerResponse, registry: Registry): void {
  registry.metrics().then(
    (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
    () => answer(response, 500, { error: 'the metrics could not be read' }),
  );
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(`${JSON.stringify(body)}\n`);
}
