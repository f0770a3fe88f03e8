import { policyMark, type MatchRule } from '../../crds/v1alpha1/index.ts';
import type { PolicyId } from '../core/facts.ts';
import type { LabelSelector } from '../core/selector.ts';
import { arrivedHeld, entering, holdMutation, holdVariables, type GuardIdentities } from './expressions.ts';
import { describePolicy, guardName, guardObject, type GuardObject } from './objects.ts';

/** How new work is put on hold: by the API server itself, or by a webhook of ours. */
export type HoldMode = 'MutatingAdmissionPolicy' | 'Webhook';

/** What the compiler needs to know of the installation. */
export interface GuardOptions extends GuardIdentities {
  readonly holdMode: HoldMode;
}

/** A policy, as far as its guards depend on it. */
export interface GuardedPolicy extends PolicyId {
  readonly match: readonly MatchRule[];
}

/** The static guard of the chart that keeps forged pods from passing for a Job's own; it is bound where a policy governs Jobs. */
export const podsGuardName = 'countersign-job-pods';

/** What a binding or a webhook selects. Absent selectors select everything. */
export interface Selection {
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
}

/**
 * The admission policies and bindings of one policy, in the order in which they are to be applied: what holds before what refuses. In hold mode
 * Webhook the part that holds is in `compileHoldWebhooks`. Names depend on content alone, so an unchanged policy compiles to the same objects.
 */
export function compile(policy: GuardedPolicy, options: GuardOptions): GuardObject[] {
  const jobs = jobSelections(policy);
  if (jobs.length === 0) return podBindings(policy);
  const hold = options.holdMode === 'MutatingAdmissionPolicy' ? holdPolicy(policy, jobs, options) : [];
  return [...hold, ...backstop(policy, jobs), ...podBindings(policy)];
}

/** Where the policy governs plain Jobs, without repeats. */
export function jobSelections(policy: GuardedPolicy): Selection[] {
  const rules = policy.match.filter((rule) => rule.kinds.includes('Job') && rule.apiGroups.includes('batch'));
  return distinct(rules.map((rule) => selection(namespacesOf(policy, rule), rule.objectSelector)));
}

function holdPolicy(policy: GuardedPolicy, selections: readonly Selection[], options: GuardOptions): GuardObject[] {
  const name = guardName('hold', policy);
  return [
    guardObject(policy, 'MutatingAdmissionPolicy', name, {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'IfNeeded',
      matchConstraints: matchJobs,
      matchConditions: [{ name: 'entering', expression: entering }],
      variables: holdVariables(options),
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: holdMutation(policyMark(policy)) } }],
    }),
    ...selections.map((selected) =>
      guardObject(policy, 'MutatingAdmissionPolicyBinding', guardName('hold', policy, selected), {
        policyName: name,
        matchResources: selected,
      }),
    ),
  ];
}

// Says no where the hold did not happen or was undone: the webhook did not answer, or another one set suspend back.
function backstop(policy: GuardedPolicy, selections: readonly Selection[]): GuardObject[] {
  const name = guardName('held', policy);
  return [
    guardObject(policy, 'ValidatingAdmissionPolicy', name, {
      failurePolicy: 'Fail',
      matchConstraints: matchJobs,
      matchConditions: [{ name: 'entering', expression: entering }],
      validations: [
        {
          expression: arrivedHeld(policyMark(policy)),
          message: `${describePolicy(policy)} governs this Job, and it did not arrive held: what puts it on hold did not answer, or something set it back; try again`,
          reason: 'Forbidden',
        },
      ],
    }),
    ...selections.map((selected) => validatingBinding(policy, guardName('held', policy, selected), name, selected)),
  ];
}

// The Jobs of GovernedJobs have pods as well.
function podBindings(policy: GuardedPolicy): GuardObject[] {
  const rules = policy.match.filter((rule) => rule.kinds.includes('Job') || rule.kinds.includes('GovernedJob'));
  return distinct(rules.map((rule) => selection(namespacesOf(policy, rule), undefined))).map((selected) =>
    validatingBinding(policy, guardName('pods', policy, selected), podsGuardName, selected),
  );
}

function validatingBinding(policy: GuardedPolicy, name: string, policyName: string, matchResources: Selection): GuardObject {
  return guardObject(policy, 'ValidatingAdmissionPolicyBinding', name, {
    policyName,
    validationActions: ['Deny', 'Audit'],
    matchResources,
  });
}

/** Creation and change of Jobs, in whatever version of batch. */
const matchJobs = {
  matchPolicy: 'Equivalent',
  resourceRules: [{ apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['jobs'] }],
};

/** A namespaced policy speaks for its own namespace alone, whatever its spec says. */
function namespacesOf(policy: PolicyId, rule: MatchRule): LabelSelector | undefined {
  if (policy.namespace !== undefined) return { matchLabels: { 'kubernetes.io/metadata.name': policy.namespace } };
  return rule.namespaceSelector;
}

function selection(namespaceSelector: LabelSelector | undefined, objectSelector: LabelSelector | undefined): Selection {
  return { ...(namespaceSelector && { namespaceSelector }), ...(objectSelector && { objectSelector }) };
}

function distinct(selections: readonly Selection[]): Selection[] {
  return [...new Map(selections.map((selected) => [JSON.stringify(selected), selected])).values()];
}
