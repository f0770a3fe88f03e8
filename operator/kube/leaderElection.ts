import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { KubeClient } from './client/kubeClient.ts';

export interface LeaderElectionOptions {
  /** With connections of its own, so that a renewal never queues behind work. */
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Who this is; the pod's name. */
  readonly holderIdentity: string;
  /** How long others wait after the last renewal they saw. Default 15 s. */
  readonly leaseDurationMs?: number;
  /** How long after its last renewal a leader may still act. Must be less. Default 10 s. */
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
  readonly onStarted: () => void;
  readonly onStopped: (reason: string) => void;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Holds a coordination.k8s.io/v1 Lease. */
export class LeaderElection {
  constructor(_options: LeaderElectionOptions) {
    // Bodies follow.
  }

  start(): void {
    throw new Error('not built yet');
  }

  /** Stops; the lease is released so that another takes over at once. */
  stop(): Promise<void> {
    throw new Error('not built yet');
  }

  /** True while the last renewal is younger than the deadline, by a clock that cannot be set back. */
  isLeader(): boolean {
    throw new Error('not built yet');
  }

  /** Throws NotLeader unless isLeader(). An arrow, so that it can be handed over as beforeWrite. */
  readonly assertLeader = (): void => {
    throw new Error('not built yet');
  };
}
