import { annotations, auditMark, labels, policyMark, type MatchRule } from '../../crds/v1alpha1/index.ts';
import { selects, type LabelSelector } from '../core/selector.ts';
import { backstopNames } from './compile.ts';
import { probePrefix } from './expressions.ts';
import type { GuardedPolicy } from './governed.ts';

/** A Job to be created with dryRun=All. */
export interface ProbeJob {
  readonly apiVersion: 'batch/v1';
  readonly kind: 'Job';
  readonly metadata: {
    readonly generateName: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: object;
}

/**
 * A Job that a rule of a policy governs, to be sent with dryRun=All by the operator: the guard is there once the answer bears the policy's mark
 * (`isMarkedBy`). A new binding takes up to a second to bite. It is held already, since the operator may create no other, and
 * named so that a `when`, which no Job can be made up for, is taken to be true of it. Undefined when no labels satisfy the selector, in which case it
 * never holds anything either.
 */
export function probeJob(rule: MatchRule, namespace: string): ProbeJob | undefined {
  const wanted = labelsFor(rule.objectSelector);
  if (wanted === undefined) return undefined;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      generateName: probePrefix,
      namespace,
      labels: { ...wanted, [labels.held]: 'true' },
      annotations: {
        [annotations.authorSuspended]: 'false',
        [annotations.requester]: 'countersign-probe',
        [annotations.requesterGroups]: '',
      },
    },
    spec: {
      suspend: true,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'none', image: 'none' }] } },
    },
  };
}

/** Whether what it was sent came back as the policy wants it: with its mark, and, from one that only audits, not held by it any more. */
export function isMarkedBy(
  policy: GuardedPolicy,
  answer: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } },
): boolean {
  const marks = answer.metadata.annotations ?? {};
  const holds = policyMark(policy) in marks;
  return policy.enforcement === 'Audit' ? auditMark(policy) in marks && !holds : holds;
}

/**
 * Whether it was the policy's own backstop that refused: it is taken up already and what puts Jobs on hold is not, so that nobody could create one.
 */
export const isRefusedByBackstop = (policy: GuardedPolicy, message: string): boolean =>
  backstopNames(policy).some((name) => message.includes(`ValidatingAdmissionPolicy '${name}'`));

/** Labels that satisfy a selector; undefined when there are none. */
export function labelsFor(selector: LabelSelector | undefined): Record<string, string> | undefined {
  const found: Record<string, string> = { ...selector?.matchLabels };
  const expressions = selector?.matchExpressions ?? [];
  for (const { key } of expressions) {
    const conditions = expressions.filter((e) => e.key === key);
    if (found[key] !== undefined || !conditions.some((e) => e.operator === 'In' || e.operator === 'Exists')) continue;
    const candidates = conditions.flatMap((e) => (e.operator === 'In' ? (e.values ?? []) : []));
    const value = [...candidates, 'probe', 'probe-2'].find((v) => selects({ matchExpressions: conditions }, { [key]: v }));
    if (value !== undefined) found[key] = value;
  }
  return selects(selector, found) ? found : undefined;
}
