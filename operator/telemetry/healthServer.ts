import type { Registry } from 'prom-client';

export interface HealthServerOptions {
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

/** Serves /health, /ready and /metrics over plain HTTP. */
export function startHealthServer(_options: HealthServerOptions): Promise<HealthServer> {
  throw new Error('not built yet');
}
