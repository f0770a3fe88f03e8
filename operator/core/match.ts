import type { ApprovalPolicySpec } from '../../crds/v1alpha1/index.ts';
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

/** Whether any line of the policy's `match` fits. That a namespaced policy speaks for its own namespace alone is for the caller to see to. */
export function governs(spec: ApprovalPolicySpec, candidate: Candidate): boolean {
  return spec.match.some(
    (rule) =>
      rule.apiGroups.some((group) => group === candidate.apiGroup) &&
      rule.kinds.some((kind) => kind === candidate.kind) &&
      selects(rule.objectSelector, candidate.labels) &&
      selects(rule.namespaceSelector, candidate.namespaceLabels) &&
      (rule.operations === undefined || (candidate.operation !== undefined && rule.operations.includes(candidate.operation))),
  );
}
