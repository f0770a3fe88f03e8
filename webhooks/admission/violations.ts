import { isDeepStrictEqual } from 'node:util';
import type { ApprovalRequestSpec, GovernedJobSpec, GovernedJobStatus } from '../../crds/v1alpha1/index.ts';
import { actionImages } from '../../operator/core/pins.ts';
import { onBehalfOfFrom, requesterFrom } from '../../operator/core/requesterStamp.ts';
import { foreseenViolations, type Admitted, type Foreseen } from '../../operator/core/rules/foresee.ts';
import type { AdmissionDeps } from './deps.ts';
import { refuse } from './handler.ts';
import type { AdmissionRequest, Reviewed, Verdict } from './review.ts';

export type ViolationDeps = Pick<AdmissionDeps, 'policiesFor' | 'readPolicy' | 'namespaceObject' | 'metrics'>;

/**
 * The refusal of a GovernedJob or an ApprovalRequest that breaks rules of policies, where that is certain by now; undefined for all else. A courtesy, not
 * a guard: the operator judges whatever was stored, by the same rules.
 */
export async function violationOf(request: AdmissionRequest, deps: ViolationDeps): Promise<Verdict | undefined> {
  const admitted = asksAnew(request) ? admittedOf(request, deps) : undefined;
  if (admitted === undefined) return undefined;
  const foreseen = foreseenViolations(admitted, deps.policiesFor(admitted.namespace));
  // The cache may be a moment behind: nobody is refused by a rule that is not there any more.
  const certain = foreseen.length === 0 ? [] : foreseenViolations(admitted, await read(foreseen, deps));
  if (certain.length === 0) return undefined;
  if (!request.dryRun) {
    const function_name = deps.metrics.functionNames.label(admitted.says.operation);
    deps.metrics.policyViolations.inc({ policy_type: 'validation', function_name });
  }
  const sentences = certain.map(({ policy: { kind, name }, message }) => `${kind} ${name}: ${message}`);
  return refuse([...new Set(sentences)].join('; '));
}

type Spec = Partial<ApprovalRequestSpec & GovernedJobSpec>;
const specOf = (object: Reviewed | null | undefined): Spec => object?.['spec'] ?? {};

/** Whether people will be asked about it because of this write. What was asked before must stay free to be labelled, cancelled and deleted. */
function asksAnew({ operation, object, oldObject }: AdmissionRequest): boolean {
  if (object == null || (operation !== 'CREATE' && operation !== 'UPDATE')) return false;
  const { draft, cancelled } = specOf(object);
  if (draft === true || cancelled === true || object.metadata['deletionTimestamp'] !== undefined) return false;
  const isOver = (object['status'] as Partial<GovernedJobStatus> | undefined)?.completedAt !== undefined;
  return operation === 'CREATE' || (!isOver && !isDeepStrictEqual(specOf(object), specOf(oldObject)));
}

/** What the operator will read of it; undefined where too little is known. */
function admittedOf({ kind, object, namespace = '' }: AdmissionRequest, deps: ViolationDeps): Admitted | undefined {
  const namespaceObject = deps.namespaceObject(namespace);
  if (object == null || namespaceObject === undefined) return undefined;
  const { annotations, labels = {}, name, uid } = object.metadata;
  const spec = specOf(object);
  const metadata = { namespace, ...(name === undefined ? {} : { name }), labels };
  const common = {
    namespace,
    labels,
    object: {
      apiVersion: `${kind.group}/${kind.version}`,
      kind: kind.kind,
      metadata: { ...metadata, ...(uid === undefined ? {} : { uid }) },
      spec,
    },
    requester: requesterFrom(annotations),
    ...onBehalfOfFrom(annotations),
    namespaceObject,
  };
  const { operation = '', reason, ticket, policyRef } = spec;
  const says = (context: Spec['context']) => ({ operation, context, reason, ticket, policyRef });
  return kind.kind === 'GovernedJob'
    ? // Its own Job is judged as the API server has stored it, by the operator; pre-actions may have run by then.
      { ...common, kind: 'GovernedJob', says: says(spec.parameters), unpinnedImages: actionImages(spec) }
    : { ...common, kind: 'ApprovalRequest', says: says(spec.context), approvalRequest: { metadata, spec } };
}

async function read(foreseen: readonly Foreseen[], { readPolicy }: ViolationDeps): Promise<Foreseen['policy'][]> {
  const policies = new Map(foreseen.map(({ policy }) => [policy.uid, policy]));
  const found = await Promise.all([...policies.values()].map((policy) => readPolicy(policy)));
  return found.flatMap((policy) => policy ?? []);
}
