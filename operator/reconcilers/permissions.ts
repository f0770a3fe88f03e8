import { approvalPolicies, approvalRequests, clusterApprovalPolicies, group } from '../../crds/v1alpha1/index.ts';
import type { Person } from '../core/eligibility.ts';
import type { DecisionFacts, PermissionQuestions, Permissions, PolicyId, RequestVerb } from '../core/facts.ts';
import { KeptAnswers } from '../core/keptAnswers.ts';
import { isAllowed, type Access } from '../kube/accessReview.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';

/** A verb that no role grants by name: whoever has it has a wildcard, and a wildcard was never meant to make somebody an approver. */
const probeVerb = 'approve-probe-no-one-has';

const keepMs = 10_000;
const mostKept = 10_000;

/** Who may `approve` under which policy, as RBAC has it; answers are kept for ten seconds. */
export class ApproverPermissions {
  readonly #client: KubeClient;
  readonly #answers = new KeptAnswers<boolean>({ keepMs, most: mostKept, now: () => Date.now() });

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Asks for all pairs of a person and a policy that may matter, and for the verbs that decisions need. @throws when the API server cannot be asked. */
  async of({ namespace, people, policies, decisions = [] }: PermissionQuestions): Promise<Permissions> {
    const allowed = new Set<string>();
    const questions = [
      ...people.flatMap((person) => policies.map((policy) => ({ person, right: approving(policy) }))),
      ...decisions.flatMap(({ verdict, approver, groups }) =>
        verbsFor(verdict).map((verb) => ({
          person: { username: approver, groups },
          right: { verb, resource: approvalRequests.plural, namespace },
        })),
      ),
    ];
    // Somebody may have decided often, and several stages ask for the same.
    const each = new Map(questions.map(({ person, right }) => [keyOf(person, right), { person, right }]));
    await Promise.all(
      [...each].map(async ([key, { person, right }]) => {
        if (await this.#answers.to(key, () => this.#ask(person, right))) allowed.add(key);
      }),
    );
    const has = (username: string, groups: readonly string[], right: Right): boolean => allowed.has(keyOf({ username, groups }, right));
    return {
      mayApprove: (approver, policy, groups) => has(approver, groups, approving(policy)),
      may: (verb, approver, groups) => has(approver, groups, { verb, resource: approvalRequests.plural, namespace }),
    };
  }

  async #ask(person: Person, right: Right): Promise<boolean> {
    const ask = (verb: string) => isAllowed(this.#client, person, { ...right, group, verb });
    return (await ask(right.verb)) && !(await ask(probeVerb));
  }
}

/** A verb of ours on something of ours. */
type Right = Omit<Access, 'group'>;

const approving = (policy: PolicyId): Right => ({
  verb: 'approve',
  resource: resourceOf(policy),
  namespace: policy.namespace,
  name: policy.name,
});

/** A review may be of somebody who may override. */
function verbsFor(verdict: DecisionFacts['verdict']): RequestVerb[] {
  if (verdict === 'Override' || verdict === 'Review') return ['override'];
  return verdict === 'Reassign' ? ['reassign'] : [];
}

// With the groups: what somebody was allowed through a group they have left says nothing of them now.
const keyOf = ({ username, groups }: Person, { verb, resource, namespace, name }: Right): string =>
  JSON.stringify([username, groups, verb, resource, namespace ?? '', name ?? '']);

const resourceOf = (policy: PolicyId): string =>
  policy.kind === 'ApprovalPolicy' ? approvalPolicies.plural : clusterApprovalPolicies.plural;
