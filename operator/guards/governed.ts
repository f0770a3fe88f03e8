import type { MatchRule, Validation } from '../../crds/v1alpha1/index.ts';
import { compile as compileCel } from '../core/cel/index.ts';
import type { PolicyId } from '../core/facts.ts';
import type { LabelSelector } from '../core/selector.ts';

/** A policy, as far as its guards depend on it. */
export interface GuardedPolicy extends PolicyId {
  readonly match: readonly MatchRule[];
  /** Hold when left out. */
  readonly enforcement?: 'Hold' | 'Audit' | undefined;
  readonly validations?: readonly Validation[] | undefined;
}

/** What a binding or a webhook selects. Absent selectors select everything. */
export interface Selection {
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
}

/**
 * Rules for Jobs that share a `when`. A binding says which objects a policy of the API server looks at, and nothing else, and its expressions do not
 * learn by which binding an object came: so each `when` needs a policy of its own, with bindings of its own.
 */
export interface Clause {
  /** Everything that is selected when left out. */
  readonly when?: string;
  readonly selections: readonly Selection[];
}

/** Where the policy governs plain Jobs, by `when`, without repeats. */
export function jobClauses(policy: GuardedPolicy): Clause[] {
  const byWhen = Map.groupBy(jobRules(policy), soundWhen);
  return [...byWhen].map(([when, rules]) => ({
    ...(when === undefined ? {} : { when }),
    selections: distinct(rules.map((rule) => selection(namespacesOf(policy, rule), rule.objectSelector))),
  }));
}

/** Where the policy governs plain Jobs, whatever else they must be like. */
export const jobSelections = (policy: GuardedPolicy): Selection[] => distinct(jobClauses(policy).flatMap(({ selections }) => selections));

/** Where the policy governs what has pods: the Jobs of GovernedJobs have them as well. */
export function podSelections(policy: GuardedPolicy): Selection[] {
  const rules = policy.match.filter((rule) => rule.kinds.includes('Job') || rule.kinds.includes('GovernedJob'));
  return distinct(rules.map((rule) => selection(namespacesOf(policy, rule), undefined)));
}

/** The rules that speak of plain Jobs. */
export const jobRules = ({ match }: Pick<GuardedPolicy, 'match'>): MatchRule[] =>
  match.filter((rule) => rule.kinds.includes('Job') && rule.apiGroups.includes('batch'));

/** Validations that the API server can judge by itself, as they read nothing but the Job and its namespace. */
export function jobValidations({ validations = [] }: GuardedPolicy): Validation[] {
  return validations.filter(({ expression }) => {
    const program = compileCel(expression, { scope: 'policy', result: 'bool' });
    return 'run' in program && [...program.uses].every((name) => name === 'object' || name === 'namespaceObject');
  });
}

// What does not compile fails for every Job, and a `when` that fails holds.
function soundWhen({ when }: MatchRule): string | undefined {
  return when !== undefined && 'run' in compileCel(when, { scope: 'match', result: 'bool' }) ? when : undefined;
}

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
