import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/digest.ts';
import { policyKey, policyName, type PolicyId } from '../core/facts.ts';

/** An admission policy, binding or webhook configuration, ready to be applied. All of them are cluster-scoped. */
export interface GuardObject {
  readonly apiVersion: 'admissionregistration.k8s.io/v1';
  readonly kind: GuardKind;
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly webhooks?: readonly HoldWebhook[];
}

export type GuardKind =
  | 'MutatingAdmissionPolicy'
  | 'MutatingAdmissionPolicyBinding'
  | 'ValidatingAdmissionPolicy'
  | 'ValidatingAdmissionPolicyBinding'
  | 'MutatingWebhookConfiguration';

/** One entry of the configuration by which the API server asks us to put a Job on hold. */
export interface HoldWebhook {
  readonly name: string;
  readonly [field: string]: unknown;
}

/** Where the kinds of guards live in the API; in the shape that a client takes. */
export const guardResources = (
  [
    ['MutatingAdmissionPolicy', 'mutatingadmissionpolicies'],
    ['MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings'],
    ['ValidatingAdmissionPolicy', 'validatingadmissionpolicies'],
    ['ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'],
    ['MutatingWebhookConfiguration', 'mutatingwebhookconfigurations'],
  ] as const
).map(([kind, plural]) => ({ group: 'admissionregistration.k8s.io', version: 'v1', plural, kind, namespaced: false }));

/** Labels on every guard that is compiled from a policy, so that what a policy left behind can be found. The chart's own say `static`. */
export const guardLabels = { guard: 'countersign.dev/guard', guardOf: 'countersign.dev/guard-of' } as const;

/** What the label `countersign.dev/guard` says on guards that are compiled from policies. */
export const compiledGuard = 'policy';

/** Selects all guards that are compiled from policies. */
export const compiledGuardSelector = `${guardLabels.guard}=${compiledGuard}`;

/** The value of `countersign.dev/guard-of`: a hash, because labels are too short for a namespace and a name. */
export const guardOf = (policy: PolicyId): string => hash(policyKey(policy), 16);

/** For messages: `ApprovalPolicy payments/tiers`. */
export const describePolicy = (policy: PolicyId): string => `${policy.kind} ${policyName(policy)}`;

/** Creation and change of Jobs, in whatever version of batch. */
export const matchJobs = {
  matchPolicy: 'Equivalent',
  resourceRules: [{ apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['jobs'] }],
};

const longestObjectName = 253;

/**
 * The name of a guard: what it is for, the policy, and for bindings a hash of what they select. By content and not by position, because then a
 * changed policy gets its new bindings beside the old ones, and nothing is uncovered for a moment.
 */
export function guardName(purpose: string, policy: PolicyId, selected?: object): string {
  const scope = policy.namespace === undefined ? 'cluster' : `ns.${policy.namespace}`;
  const suffix = selected === undefined ? '' : `.${hash(canonicalJson(selected), 8)}`;
  const full = `countersign-${purpose}.${scope}.${policy.name}`;
  if (full.length + suffix.length <= longestObjectName) return full + suffix;
  const tail = `-${hash(full, 8)}${suffix}`;
  return full.slice(0, longestObjectName - tail.length).replace(/[-.]+$/, '') + tail;
}

/** A guard of one policy. */
export function guardObject(policy: PolicyId, kind: GuardKind, name: string, spec: Readonly<Record<string, unknown>>): GuardObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: {
      name,
      labels: { 'app.kubernetes.io/managed-by': 'countersign', [guardLabels.guard]: compiledGuard, [guardLabels.guardOf]: guardOf(policy) },
      annotations: { 'countersign.dev/policy': describePolicy(policy) },
    },
    spec,
  };
}

/** The first digits of the text's SHA-256. */
export function hash(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
