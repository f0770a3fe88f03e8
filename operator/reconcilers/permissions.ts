import { approvalPolicies, clusterApprovalPolicies, group } from '../../crds/v1alpha1/index.ts';
import type { Person } from '../core/eligibility.ts';
import { policyKey, type Permissions, type PolicyId } from '../core/facts.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { ResourceType } from '../kube/client/types.ts';

const reviews: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

/** A verb that no role grants by name: whoever has it has a wildcard, and a wildcard was never meant to make somebody an approver. */
const probeVerb = 'approve-probe-no-one-has';

const keepMs = 10_000;
const mostKept = 10_000;

export interface ResourceAttributes {
  readonly namespace?: string | undefined;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name?: string | undefined;
}

/** Asks the API server what its authorizer says of somebody. An error is thrown, never read as a yes. */
export async function isAllowed(client: KubeClient, person: Person, resourceAttributes: ResourceAttributes): Promise<boolean> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: person.username, groups: person.groups, resourceAttributes },
  };
  const answer = await client.create<{ metadata: never; status?: { allowed?: boolean; denied?: boolean } }>(reviews, undefined, review);
  return answer.status?.allowed === true && answer.status.denied !== true;
}

/** Who may `approve` under which policy, as RBAC has it; answers are kept for ten seconds. */
export class ApproverPermissions {
  readonly #client: KubeClient;
  readonly #kept = new Map<string, { readonly allowed: boolean; readonly until: number }>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Asks for all pairs of a person and a policy that may matter. @throws when the API server cannot be asked. */
  async of(people: readonly Person[], policies: readonly PolicyId[]): Promise<Permissions> {
    const allowed = new Set<string>();
    await Promise.all(
      people.flatMap((person) =>
        policies.map(async (policy) => {
          if (await this.#mayApprove(person, policy)) allowed.add(keyOf(person.username, policy, person.groups));
        }),
      ),
    );
    return { mayApprove: (approver, policy, groups) => allowed.has(keyOf(approver, policy, groups)) };
  }

  async #mayApprove(person: Person, policy: PolicyId): Promise<boolean> {
    const key = keyOf(person.username, policy, person.groups);
    const known = this.#kept.get(key);
    if (known !== undefined && known.until > Date.now()) return known.allowed;
    const ask = (verb: string) =>
      isAllowed(this.#client, person, { verb, group, resource: resourceOf(policy), namespace: policy.namespace, name: policy.name });
    const allowed = (await ask('approve')) && !(await ask(probeVerb));
    this.#kept.delete(key);
    this.#kept.set(key, { allowed, until: Date.now() + keepMs });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
    return allowed;
  }
}

// With the groups: what somebody was allowed through a group they have left says nothing of them now.
const keyOf = (username: string, policy: PolicyId, groups: readonly string[]): string =>
  JSON.stringify([username, groups, policyKey(policy)]);

const resourceOf = (policy: PolicyId): string =>
  policy.kind === 'ApprovalPolicy' ? approvalPolicies.plural : clusterApprovalPolicies.plural;
