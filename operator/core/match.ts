import type { ApprovalPolicySpec, MatchRule } from '../../crds/v1alpha1/index.ts';
import { Meter, stepsPerLook, type Program } from './cel/index.ts';
import type { PolicyRules } from './rules/compile.ts';
import { selects } from './selector.ts';

/** What a policy's `match` may look at. */
export interface Candidate {
  readonly apiGroup: string;
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Absent where the API server evaluates the match, which does not know it. */
  readonly operation?: string;
}

/** A policy's `match` with the expressions of its rules, compiled. */
export interface MatchingPolicy {
  readonly spec: Pick<ApprovalPolicySpec, 'match'>;
  readonly rules: Pick<PolicyRules, 'match'>;
}

/** For one look at which policies apply. One whose `when` cannot be paid for any more fits, as any that fails does. */
export const meterForMatches = (): Meter =>
  new Meter(undefined, {
    steps: stepsPerLook,
    spent: () => `the conditions of all policies take more than ${stepsPerLook} steps between them`,
  });

/**
 * Whether any rule of the policy's `match` fits. That a namespaced policy speaks for its own namespace alone is for the caller to see to. `variables` are
 * what `when` may read; where it fails, the rule fits: what cannot be told apart is held.
 */
export function governs(
  { spec, rules }: MatchingPolicy,
  candidate: Candidate,
  variables: () => Readonly<Record<string, unknown>>,
  within?: Meter,
): boolean {
  return spec.match.some((rule, i) => selectsIt(rule, candidate) && isTrueOf(rule, rules.match[i], variables, within));
}

/**
 * Whether a policy speaks of Jobs but not of GovernedJobs. One that it governs all the same, it governs by its Job: that is what its rules are written
 * for, and what they look at.
 */
export const speaksOfJobsAlone = ({ match }: Pick<ApprovalPolicySpec, 'match'>): boolean =>
  match.some((rule) => rule.kinds.includes('Job')) && !match.some((rule) => rule.kinds.includes('GovernedJob'));

/** Whether what is governed must be read before it can be told whether a rule fits. */
export const needsObject = ({ spec }: MatchingPolicy, candidate: Candidate): boolean =>
  spec.match.some((rule) => rule.when !== undefined && selectsIt(rule, candidate)) &&
  !spec.match.some((rule) => rule.when === undefined && selectsIt(rule, candidate));

const selectsIt = (rule: MatchRule, candidate: Candidate): boolean =>
  (rule.apiGroups as readonly string[]).includes(candidate.apiGroup) &&
  (rule.kinds as readonly string[]).includes(candidate.kind) &&
  selects(rule.objectSelector, candidate.labels) &&
  selects(rule.namespaceSelector, candidate.namespaceLabels) &&
  (rule.operations === undefined || (candidate.operation !== undefined && rule.operations.includes(candidate.operation)));

function isTrueOf(
  rule: MatchRule,
  program: Program | undefined,
  variables: () => Readonly<Record<string, unknown>>,
  within: Meter | undefined,
): boolean {
  // One that did not compile has no program, and fits too.
  if (rule.when === undefined || program === undefined) return true;
  const result = program.run(variables(), within);
  return !result.ok || result.value === true;
}
