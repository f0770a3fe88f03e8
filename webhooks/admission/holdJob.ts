import { annotations, labels, policyMark, policyMarkValue } from '../../crds/v1alpha1/index.ts';
import { targetOfPath } from '../../operator/guards/index.ts';
import { ambiguousContext } from '../../operator/workloads/job.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';
import { isCronJobController, isOperator } from './identity.ts';
import { isGoverned, type WhenDeps } from './jobWhen.ts';
import { callerMarks, setMarks } from './marks.ts';
import type { AdmissionRequest, PatchOperation, Reviewed } from './review.ts';

/**
 * Hold mode Webhook: puts a Job on hold for the policy that the path names. Does what the MutatingAdmissionPolicy of a policy does elsewhere
 * (operator/guards/expressions.ts); the same integration tests hold the two together. When it applies is for the selectors and matchConditions of its
 * webhook entry, which the API server evaluates; only a `when` that reads `namespaceObject` is evaluated here.
 */
export const holdJob = (deps: WhenDeps): AdmissionHandler => ({
  path: /^\/hold\//,
  name: 'hold-job',
  kinds: ['Job'],
  review: async (request, { path }) => {
    const target = targetOfPath(path);
    if (target?.enforcement !== 'Hold')
      return refuse(`The path ${path} names no policy; expected /hold/cluster/NAME or /hold/namespace/NAMESPACE/NAME.`, 400);
    if (request.object == null || (request.operation !== 'CREATE' && request.operation !== 'UPDATE')) return allowed;
    if (!(await isGoverned(request, target, deps))) return allowed;
    const ambiguous = ambiguousContext(request.object.metadata.annotations?.[annotations.context] ?? '');
    // What a schedule makes is held instead, so that somebody sees why.
    if (ambiguous !== undefined && !isCronJobController(request)) return refuse(`metadata.annotations: ${ambiguous}.`, 422);
    return { allowed: true, patch: hold(request, request.object, policyMark(target.policy), deps.operatorUser) };
  },
});

function hold(request: AdmissionRequest, object: Reviewed, mark: string, operatorUser: string): PatchOperation[] {
  const spec = (object['spec'] ?? {}) as { suspend?: boolean };
  const said = object.metadata.annotations ?? {};
  // Another policy may have held it in this very request; what its author wanted stands in the annotation then.
  const isHeld = labels.held in (object.metadata.labels ?? {}) && annotations.authorSuspended in said;
  const authorSuspended = isHeld ? (said[annotations.authorSuspended] ?? '') : String(spec.suspend === true);
  const marks = {
    labels: { [labels.held]: 'true' },
    annotations: {
      [annotations.authorSuspended]: authorSuspended,
      ...requesterMarks(request, said, operatorUser),
      ...runMark(request, object),
      [mark]: policyMarkValue,
    },
  };
  const suspend: PatchOperation[] = spec.suspend === true ? [] : [{ op: 'add', path: '/spec/suspend', value: true }];
  return [...setMarks(object, marks), ...suspend];
}

// The operator and the CronJob controller name whoever really asked in what they create.
function requesterMarks(
  request: AdmissionRequest,
  said: Readonly<Record<string, string>>,
  operatorUser: string,
): Readonly<Record<string, string>> {
  const trusted = isOperator(request, operatorUser) || isCronJobController(request);
  const named = said[annotations.requester];
  if (!trusted || named === undefined) return callerMarks(request);
  return { [annotations.requester]: named, [annotations.requesterGroups]: said[annotations.requesterGroups] ?? '' };
}

// Of which CronJob it is a run: only its controller makes those, while anybody may write an owner reference.
function runMark(request: AdmissionRequest, { metadata }: Reviewed): Readonly<Record<string, string>> {
  if (request.operation !== 'CREATE' || !isCronJobController(request)) return {};
  const owner = metadata.ownerReferences?.find(({ kind, controller }) => kind === 'CronJob' && controller === true);
  return owner === undefined ? {} : { [annotations.runOf]: owner.uid };
}
