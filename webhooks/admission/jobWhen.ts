import { approvalPolicies, clusterApprovalPolicies, type ApprovalPolicy } from '../../crds/v1alpha1/index.ts';
import { compile } from '../../operator/core/cel/index.ts';
import { probePrefix } from '../../operator/guards/expressions.ts';
import { jobRules, whenId, type HoldTarget } from '../../operator/guards/index.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import { isOperator } from './identity.ts';
import type { AdmissionRequest } from './review.ts';

const namespaces = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

/** What is needed to evaluate a policy's `when`. */
export interface WhenDeps {
  readonly client: Pick<KubeClient, 'get'>;
  readonly operatorUser: string;
}

/**
 * Whether the Job is one that the policy speaks of. Mostly the API server has seen to that before it asked; a `when` that reads `namespaceObject`, which
 * the conditions of webhooks do not know, is evaluated here. What cannot be known holds.
 */
export async function isGoverned(request: AdmissionRequest, target: HoldTarget, deps: WhenDeps): Promise<boolean> {
  if (target.when === undefined || isProbe(request, deps.operatorUser)) return true;
  try {
    return await evaluate(request, target, deps.client);
  } catch {
    return true;
  }
}

/** A probe of the operator, for which no `when` can be made true (operator/guards/probe.ts). */
const isProbe = (request: AdmissionRequest, operatorUser: string): boolean =>
  request.dryRun && isOperator(request, operatorUser) && request.object?.metadata.generateName === probePrefix;

async function evaluate(
  { object, namespace = '' }: AdmissionRequest,
  { policy, when }: HoldTarget,
  client: WhenDeps['client'],
): Promise<boolean> {
  const type = policy.kind === 'ApprovalPolicy' ? approvalPolicies : clusterApprovalPolicies;
  const ref = { name: policy.name, ...(policy.namespace === undefined ? {} : { namespace: policy.namespace }) };
  const [{ spec }, namespaceObject] = await Promise.all([
    client.get<Pick<ApprovalPolicy, 'spec'> & { metadata: never }>(type, ref),
    client.get(namespaces, { name: namespace }),
  ]);
  const source = jobRules(spec).find((rule) => rule.when !== undefined && whenId(rule.when) === when)?.when;
  const program = source === undefined ? undefined : compile(source, { scope: 'match', result: 'bool' });
  if (program === undefined || !('run' in program)) return true;
  const outcome = program.run({ object, namespaceObject });
  return !outcome.ok || outcome.value === true;
}
