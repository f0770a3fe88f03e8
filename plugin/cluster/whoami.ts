import type { ResourceType } from '../../operator/kube/client/types.ts';
import { approvalPolicies, clusterApprovalPolicies, group } from '../../crds/v1alpha1/resources.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import { policyKey, type Permissions, type PolicyId } from '../../operator/core/facts.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { Request } from '../request.ts';

const selfReviews: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'selfsubjectreviews',
  kind: 'SelfSubjectReview',
  namespaced: false,
};

const accessReviews: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
  namespaced: false,
};

/** Who the API server takes the caller for. */
export async function whoAmI(client: KubeClient): Promise<Person> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const { status } = await client.create<{ status?: { userInfo?: { username?: string; groups?: string[] } } }>(
    selfReviews,
    undefined,
    review,
  );
  return { username: status?.userInfo?.username ?? '', groups: status?.userInfo?.groups ?? [] };
}

/** The caller's verb `approve` on the policies that ask for it in these requests, wildcards aside, as the operator will see it. */
export async function myPermissions(client: KubeClient, me: Person, requests: readonly Request[]): Promise<Permissions> {
  const asking = requests.flatMap((r) =>
    (r.stored.status?.stages ?? []).flatMap((stage) =>
      stage.policy !== undefined && stage.require.some((place) => place.from.some((entry) => entry.permission !== undefined))
        ? [stage.policy]
        : [],
    ),
  );
  const policies = [...new Map(asking.map((policy): [string, PolicyId] => [policyKey(policy), policy])).values()];
  const allowed = new Set<string>();
  await Promise.all(
    policies.map(async (policy) => {
      // A verb nobody is granted: whoever has it has a wildcard, which does not make an approver.
      const [approve, anything] = await Promise.all([mayI(client, policy, 'approve'), mayI(client, policy, 'approve-probe-no-one-has')]);
      if (approve && !anything) allowed.add(policyKey(policy));
    }),
  );
  return { mayApprove: (approver, policy) => approver === me.username && allowed.has(policyKey(policy)), may: () => false };
}

async function mayI(client: KubeClient, policy: PolicyId, verb: string): Promise<boolean> {
  const { plural } = policy.kind === 'ApprovalPolicy' ? approvalPolicies : clusterApprovalPolicies;
  const resourceAttributes = { group, resource: plural, verb, name: policy.name, namespace: policy.namespace };
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } };
  const { status } = await client.create<{ status?: { allowed?: boolean } }>(accessReviews, undefined, review);
  return status?.allowed === true;
}
