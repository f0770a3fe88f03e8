import type { ApprovalPolicySpec } from '../../crds/v1alpha1/index.ts';
import { approvalPolicies, clusterApprovalPolicies } from '../../crds/v1alpha1/resources.ts';
import { compileRules } from '../../operator/core/rules/compile.ts';
import { isForbidden, isNotFound } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/client/types.ts';
import { RefusedError } from '../errors.ts';
import type { ClusterSeen } from '../explain/bypass.ts';
import type { Installation } from '../explain/bypassPowers.ts';
import type { Binding } from '../explain/bypassRbac.ts';
import type { PolicySeen } from '../explain/bypassWork.ts';
import { jobs } from './requests.ts';

const type = (group: string, plural: string, kind: string, namespaced: boolean): ResourceType => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const rbac = 'rbac.authorization.k8s.io';
const types = {
  clusterRoles: type(rbac, 'clusterroles', 'ClusterRole', false),
  clusterRoleBindings: type(rbac, 'clusterrolebindings', 'ClusterRoleBinding', false),
  roles: type(rbac, 'roles', 'Role', true),
  roleBindings: type(rbac, 'rolebindings', 'RoleBinding', true),
  namespaces: type('', 'namespaces', 'Namespace', false),
  guards: type('admissionregistration.k8s.io', 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', false),
  approvalPolicies,
  clusterApprovalPolicies,
  jobs,
} as const;

/** Reads all of the cluster that says who could get past the gate. @throws RefusedError naming everything that the caller may not list. */
export async function readEveryone(client: KubeClient): Promise<ClusterSeen> {
  const forbidden: string[] = [];
  const lists = await Promise.all(
    Object.entries(types).map(async ([key, of]): Promise<[string, KubeObject[]]> => [key, await listed(client, of, forbidden)]),
  );
  if (forbidden.length > 0) {
    throw new RefusedError(
      `bypass reads the RBAC of the whole cluster and what ran in it; you may not list, in all namespaces: ${forbidden.sort().join(', ')}. ` +
        'Ask somebody who may, or for a ClusterRole with the verb list on these.',
      'Forbidden',
    );
  }
  const all = Object.fromEntries(lists) as Record<keyof typeof types, KubeObject[]>;
  const bindings = [...all.clusterRoleBindings, ...all.roleBindings] as unknown as Binding[];
  return {
    rbac: { roles: [...all.clusterRoles, ...all.roles], bindings },
    installation: installationOf(bindings),
    guards: new Set(all.guards.map((g) => (g['spec'] as { policyName?: string }).policyName ?? '')),
    namespaces: all.namespaces.map(({ metadata }) => ({ name: metadata.name, labels: metadata.labels ?? {} })),
    policies: [...all.approvalPolicies.map(policy('ApprovalPolicy')), ...all.clusterApprovalPolicies.map(policy('ClusterApprovalPolicy'))],
    jobs: all.jobs,
  };
}

async function listed(client: KubeClient, of: ResourceType, forbidden: string[]): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  try {
    for await (const object of client.listAll(of)) found.push(object);
  } catch (error) {
    // A cluster from before admission policies has none; ours not being installed is told by what it lacks.
    if (isNotFound(error) && of === types.guards) return [];
    if (!isForbidden(error)) throw error;
    forbidden.push(of.group === '' ? of.plural : `${of.plural}.${of.group}`);
  }
  return found;
}

const policy =
  (kind: PolicySeen['kind']) =>
  ({ metadata, spec }: KubeObject): PolicySeen => ({
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    createdAt: metadata.creationTimestamp,
    spec: spec as ApprovalPolicySpec,
    rules: compileRules(spec as ApprovalPolicySpec),
  });

/** Where the operator runs, by the binding of the chart; by the chart's own defaults if that is named otherwise. */
export function installationOf(bindings: readonly Binding[]): Installation {
  const ours = bindings.find((b) => b.metadata.namespace === undefined && b.roleRef.name === 'countersign-controller');
  const account = (ours?.subjects ?? []).find((s) => s.kind === 'ServiceAccount');
  return {
    namespace: account?.namespace ?? 'countersign-system',
    serviceAccount: account?.name ?? 'countersign',
    lease: 'countersign-controller',
  };
}
