import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { Logger } from '../../operator/telemetry/logger.ts';
import type { Metrics } from '../../operator/telemetry/metrics.ts';

/** With what the service watches the cluster. */
export interface WatchingOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: Metrics;
}
