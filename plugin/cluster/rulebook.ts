import type { ApprovalPolicySpec } from '../../crds/v1alpha1/index.ts';
import { approvalPolicies, clusterApprovalPolicies } from '../../crds/v1alpha1/resources.ts';
import type { NamespaceObject, PolicyFacts } from '../../operator/core/facts.ts';
import { compileRules } from '../../operator/core/rules/compile.ts';
import { isForbidden, isNotFound } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/client/types.ts';
import { RefusedError } from '../errors.ts';

/** The policies that speak for some namespaces, and what expressions know of those. */
export interface Rulebook {
  /** Every policy that may speak for the namespace, those that only audit included. */
  policiesFor(namespace: string): readonly PolicyFacts[];
  namespaceObject(namespace: string): NamespaceObject;
  /** What could not be read, a sentence each: what is said without it may be too little. */
  readonly gaps: readonly string[];
}

const namespaceType: ResourceType = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

/**
 * Reads the policies of some namespaces, and those of the cluster.
 * @throws RefusedError when the policies of a namespace may not be read: nothing could be said without them.
 */
export async function readRulebook(client: KubeClient, namespaces: readonly string[]): Promise<Rulebook> {
  const gaps: string[] = [];
  const cluster = await listed(client, clusterApprovalPolicies, {});
  if (cluster === undefined) {
    gaps.push(
      'You may not list clusterapprovalpolicies, so whatever those ask comes on top; a ClusterRole with the verb list on them helps.',
    );
  }
  const own = await Promise.all(namespaces.map(async (namespace) => [namespace, await ownPolicies(client, namespace)] as const));
  const labels = new Map(await Promise.all(namespaces.map(async (namespace) => [namespace, await labelsOf(client, namespace)] as const)));
  const needsLabels = (cluster ?? []).some(({ spec }) =>
    (spec as ApprovalPolicySpec).match.some((rule) => rule.namespaceSelector !== undefined),
  );
  for (const [namespace, known] of labels) {
    if (known === undefined && needsLabels)
      gaps.push(`You may not get namespace ${namespace}, so policies that select namespaces by label are judged as if it had none.`);
  }
  const ofCluster = (cluster ?? []).map(policyFacts('ClusterApprovalPolicy'));
  const ofNamespace = new Map(own.map(([namespace, policies]) => [namespace, policies.map(policyFacts('ApprovalPolicy'))]));
  return {
    policiesFor: (namespace) => [...(ofNamespace.get(namespace) ?? []), ...ofCluster],
    namespaceObject: (name) => ({ metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels.get(name) } } }),
    gaps,
  };
}

async function ownPolicies(client: KubeClient, namespace: string): Promise<KubeObject[]> {
  const found = await listed(client, approvalPolicies, { namespace });
  if (found !== undefined) return found;
  throw new RefusedError(
    `You may not list approvalpolicies in namespace ${namespace}, so what they would ask is not known; ask for the ClusterRole countersign-viewer there.`,
    'Forbidden',
  );
}

/** Undefined when it is forbidden. */
async function listed(client: KubeClient, type: ResourceType, scope: { readonly namespace?: string }): Promise<KubeObject[] | undefined> {
  const found: KubeObject[] = [];
  try {
    for await (const object of client.listAll(type, scope)) found.push(object);
    return found;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

async function labelsOf(client: KubeClient, name: string): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return (await client.get(namespaceType, { name }, { metadataOnly: true })).metadata.labels ?? {};
  } catch (error) {
    if (isForbidden(error)) return undefined;
    if (isNotFound(error)) throw new RefusedError(`There is no namespace "${name}".`, 'NoNamespace');
    throw error;
  }
}

/** A stored policy as the core reads it. */
export const policyFacts =
  (kind: PolicyFacts['kind']) =>
  ({ metadata, spec }: KubeObject): PolicyFacts => ({
    kind,
    namespace: kind === 'ApprovalPolicy' ? metadata.namespace : undefined,
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation ?? 0,
    spec: spec as ApprovalPolicySpec,
    rules: compileRules(spec as ApprovalPolicySpec),
  });
