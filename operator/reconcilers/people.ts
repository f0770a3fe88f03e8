import { approvalDelegations, approvers } from '../../crds/v1alpha1/index.ts';
import { approversByUsername, managersOf } from '../core/approvers.ts';
import type { DelegationSeen } from '../core/facts.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import { WatchCache } from '../kube/watchCache.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { approverRecord, delegationRecord, type ApproverRecord, type DelegationRecord } from './records.ts';

export interface PeopleOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Who decides in whose stead, and what is known of them; kept current by watches. */
export class People {
  readonly delegations: WatchCache<DelegationRecord>;
  readonly approvers: WatchCache<ApproverRecord>;
  #managers: ReadonlyMap<string, string> | undefined;

  constructor(options: PeopleOptions) {
    this.delegations = new WatchCache({ ...options, type: approvalDelegations, project: delegationRecord });
    this.approvers = new WatchCache({ ...options, type: approvers, project: approverRecord });
    this.delegations.addIndex('namespace', (d) => [d.namespace]);
    this.delegations.addIndex('from', (d) => [d.from]);
    this.approvers.addIndex('username', (a) => [a.username]);
    this.approvers.onChange(() => (this.#managers = undefined));
  }

  /** Who decides in whose stead in a namespace, with the groups known of whom they decide for. */
  delegationsIn(namespace: string): DelegationSeen[] {
    return this.delegations
      .byIndex('namespace', namespace)
      .map(({ namespace: _namespace, ...d }) => ({ ...d, groups: d.groups ?? this.approver(d.from)?.groups ?? [] }));
  }

  /** What is known of somebody. */
  approver(username: string): ApproverRecord | undefined {
    return approversByUsername(this.approvers.byIndex('username', username)).get(username);
  }

  /** User names of managers, by the user name of whom they manage. */
  get managers(): ReadonlyMap<string, string> {
    this.#managers ??= managersOf(approversByUsername(this.approvers.values()));
    return this.#managers;
  }
}
