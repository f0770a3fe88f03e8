import { auditLabel, auditMark, auditMarkValue } from '../../crds/v1alpha1/index.ts';
import { entering, probes, quoted, type GuardIdentities } from './expressions.ts';
import type { Clause, GuardedPolicy } from './governed.ts';
import { guardName, guardObject, matchJobs, type GuardObject } from './objects.ts';
import { confirmAudit, provisionalAuditMark, whenId, whenVariables } from './when.ts';

/**
 * What a policy with `enforcement: Audit` compiles to: labels on the Jobs that it would hold. Nothing here holds, refuses or waits for anybody, and
 * whatever fails is passed over.
 */
export function compileAudit(policy: GuardedPolicy, clauses: readonly Clause[], options: GuardIdentities): GuardObject[] {
  return clauses.flatMap((clause) => marking(policy, clause, options));
}

function marking(policy: GuardedPolicy, { when, selections }: Clause, options: GuardIdentities): GuardObject[] {
  const purpose = when === undefined ? 'audit' : `audit-${whenId(when)}`;
  const name = guardName(purpose, policy);
  const mark = auditMark(policy);
  const applying = (value: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression: auditMutation(mark, value) } });
  const ann = { name: 'ann', expression: 'object.metadata.?annotations.orValue({})' };
  const steps =
    when === undefined
      ? { mutations: [applying(quoted(auditMarkValue))] }
      : {
          variables: [ann, ...whenVariables(when, probes(options))],
          mutations: [
            applying(provisionalAuditMark(mark, when)),
            { patchType: 'JSONPatch', jsonPatch: { expression: confirmAudit(mark, when) } },
          ],
        };
  return [
    guardObject(policy, 'MutatingAdmissionPolicy', name, {
      failurePolicy: 'Ignore',
      reinvocationPolicy: 'IfNeeded',
      matchConstraints: matchJobs,
      matchConditions: [{ name: 'entering', expression: entering }],
      ...steps,
    }),
    ...selections.map((selected) =>
      guardObject(policy, 'MutatingAdmissionPolicyBinding', guardName(purpose, policy, selected), {
        policyName: name,
        matchResources: selected,
      }),
    ),
  ];
}

const auditMutation = (mark: string, value: string): string =>
  `Object{metadata: Object.metadata{
    labels: {${quoted(auditLabel)}: "true"},
    annotations: {${quoted(mark)}: string(${value})}}}`;
