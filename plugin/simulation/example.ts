import type { ApprovalPolicySpec } from '../../crds/v1alpha1/index.ts';
import type { PolicyFacts } from '../../operator/core/facts.ts';
import { compileRules } from '../../operator/core/rules/compile.ts';
import { withDefaults } from './policyManifest.ts';

/** A policy of the namespace of the example, for unit tests: it governs Jobs. */
export function policy(spec: Partial<ApprovalPolicySpec>, change: Partial<PolicyFacts> = {}): PolicyFacts {
  const full = withDefaults({ match: [{ apiGroups: ['batch'], kinds: ['Job'] }], ...spec });
  return {
    kind: 'ApprovalPolicy',
    namespace: 'payments',
    name: 'tiers',
    uid: 'uid-tiers',
    generation: 1,
    spec: full,
    rules: compileRules(full),
    ...change,
  };
}

/** Two of the group finance. */
export const finance = { name: 'finance', require: [{ count: 2, from: [{ group: 'finance' }] }] } as unknown as NonNullable<
  ApprovalPolicySpec['stages']
>[number];
