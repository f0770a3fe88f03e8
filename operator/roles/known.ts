import { approvalPolicies, approvalRequests, approvers, clusterApprovalPolicies } from '../../crds/v1alpha1/index.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { ResourceType } from '../kube/client/types.ts';
import { WatchCache } from '../kube/watchCache.ts';
import { approverRecord, namespaceRecord, policyRecord, requestRecord, type PolicyRecord } from '../reconcilers/records.ts';
import type { World } from '../reconcilers/world.ts';
import type { Shared } from './shared.ts';

/** What admission knows of the cluster without asking for it. */
export type Known = Pick<World, 'requests' | 'policies' | 'namespaces'> & { readonly people: Pick<World['people'], 'approvers'> };

const namespaces: ResourceType = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

/** Watches it, in a process that has no controller to share with. */
export function watchKnown(client: KubeClient, { log, metrics }: Pick<Shared, 'log' | 'metrics'>): Known {
  const known: Known = {
    requests: new WatchCache({ client, type: approvalRequests, project: requestRecord, log, metrics }),
    policies: {
      ApprovalPolicy: new WatchCache({ client, type: approvalPolicies, project: policyRecord('ApprovalPolicy'), log, metrics }),
      ClusterApprovalPolicy: new WatchCache({
        client,
        type: clusterApprovalPolicies,
        project: policyRecord('ClusterApprovalPolicy'),
        log,
        metrics,
      }),
    },
    namespaces: new WatchCache({ client, type: namespaces, project: namespaceRecord, log, metrics }),
    people: { approvers: new WatchCache({ client, type: approvers, project: approverRecord, log, metrics }) },
  };
  known.policies.ApprovalPolicy.addIndex('namespace', (p) => [p.namespace ?? '']);
  for (const cache of cachesOf(known)) cache.start();
  return known;
}

export const isSynced = (known: Known): boolean => cachesOf(known).every((cache) => cache.isSynced());

export const stopWatching = async (known: Known): Promise<void> => {
  await Promise.all(cachesOf(known).map((cache) => cache.stop()));
};

/** The policies that may speak for a namespace: its own and those of the cluster. */
export const policiesFor = ({ policies }: Known, namespace: string): PolicyRecord[] => [
  ...policies.ApprovalPolicy.byIndex('namespace', namespace),
  ...policies.ClusterApprovalPolicy.values(),
];

const cachesOf = ({ requests, policies, namespaces, people }: Known) => [
  requests,
  policies.ApprovalPolicy,
  policies.ClusterApprovalPolicy,
  namespaces,
  people.approvers,
];
