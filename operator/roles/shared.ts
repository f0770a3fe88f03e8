import { Registry } from 'prom-client';
import { KubeClient } from '../kube/client/kubeClient.ts';
import { loadClusterConfig } from '../kube/client/kubeconfig.ts';
import type { Settings } from '../config.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { addProcessMetrics, createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { startTracing, type Tracing } from '../telemetry/tracing.ts';

/** What every role of the process uses. */
export interface Shared {
  readonly settings: Settings;
  readonly log: Logger;
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** A client with connections of its own. */
  connect(userAgent: string, connections?: number): KubeClient;
}

/** A role that runs. */
export interface Running {
  /** What it still lacks before it may be given work; empty: ready. */
  missing(): readonly string[];
  /** Ends it without dropping what is under way. */
  stop(): Promise<void>;
}

export const version = '0.1.0';

export async function prepare(settings: Settings, environment: NodeJS.ProcessEnv): Promise<Shared> {
  const log = createLogger({ level: settings.log_level, base: { pod: settings.pod_name } });
  const registry = new Registry();
  const metrics = createMetrics(registry);
  addProcessMetrics(registry);
  const tracing = await startTracing({ endpoint: environment['OTEL_EXPORTER_OTLP_ENDPOINT'], serviceName: 'countersign', version });
  const cluster = loadClusterConfig({ kubeconfig: settings.kubeconfig, env: environment });
  const connect = (userAgent: string, connections = settings.connections): KubeClient =>
    new KubeClient({
      cluster,
      userAgent: `countersign/${version} ${userAgent}`,
      connections,
      maxInFlight: connections * 2,
      qps: settings.qps,
      burst: settings.burst,
      observe: (verb, code, seconds) => {
        metrics.apiRequests.inc({ verb, code: String(code) });
        metrics.apiRequestDuration.observe({ verb }, seconds);
      },
    });
  return { settings, log, registry, metrics, tracing, connect };
}

/** The user name under which a process of the chart acts. */
export const serviceAccount = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;
