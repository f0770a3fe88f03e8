import type { ApprovalRequestSpec, ApprovalRequestStatus, Condition } from '../crds/v1alpha1/index.ts';
import { labels } from '../crds/v1alpha1/marks.ts';
import type { RequestFacts } from '../operator/core/facts.ts';
import { withdrawalOf } from '../operator/core/outcome.ts';
import { onBehalfOfFrom, requesterFrom } from '../operator/core/requesterStamp.ts';
import type { KubeObject } from '../operator/kube/client/types.ts';
import { oneLineValue } from '../operator/core/printable.ts';

/**
 * A request as the verbs read it. `spec` and `status` are safe to print: control characters in them are spelt out. `stored` is what the API server
 * sent, for digests, comparisons and machine-readable output.
 */
export interface Request {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly createdAt: string;
  /** Whether approval releases held work: the operator made it. */
  readonly governs: boolean;
  readonly spec: ApprovalRequestSpec;
  readonly status: ApprovalRequestStatus | undefined;
  readonly stored: Stored;
}

/** The request as it came, lists that were absent filled in. */
export interface Stored {
  readonly object: KubeObject;
  readonly spec: ApprovalRequestSpec;
  readonly status: ApprovalRequestStatus | undefined;
}

/** Reads a request from the API server's JSON. What the schema gives a default may be absent there; here it is not. */
export function requestOf(object: KubeObject): Request {
  const spec = object['spec'] as ApprovalRequestSpec;
  const status = withLists(object['status'] as Partial<ApprovalRequestStatus> | undefined);
  const { metadata } = object;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    createdAt: metadata.creationTimestamp,
    governs: metadata.labels?.[labels.subjectUid] !== undefined,
    spec: oneLineValue(spec) as ApprovalRequestSpec,
    status: oneLineValue(status) as ApprovalRequestStatus | undefined,
    stored: { object, spec, status },
  };
}

/** The same as the core sees it, from what is stored. */
export function requestFacts({ namespace, name, uid, governs, createdAt, stored }: Request): RequestFacts {
  const said = stored.object.metadata.annotations ?? {};
  return {
    namespace,
    name,
    uid,
    generation: stored.object.metadata.generation ?? 0,
    createdAt: Date.parse(createdAt),
    requester: requesterFrom(said),
    labels: stored.object.metadata.labels ?? {},
    governs,
    spec: stored.spec,
    status: stored.status,
    ...onBehalfOfFrom(said),
  };
}

function withLists(status: Partial<ApprovalRequestStatus> | undefined): ApprovalRequestStatus | undefined {
  if (status?.phase === undefined) return undefined;
  const stages = (status.stages ?? []).map((stage) => ({
    ...stage,
    require: stage.require.map((r) => ({ ...r, approvedBy: (r.approvedBy as string[] | undefined) ?? [] })),
  }));
  return {
    ...status,
    phase: status.phase,
    observedGeneration: status.observedGeneration ?? 0,
    policies: status.policies ?? [],
    stages,
    decisions: status.decisions ?? [],
    conditions: status.conditions ?? [],
  };
}

/** One condition of the request, if it has been stated. */
export const conditionOf = (request: Request, type: string): Condition | undefined =>
  request.status?.conditions.find((c) => c.type === type);

/** Whether a condition of the request is stated and True. */
export const isTrue = (request: Request, type: string): boolean => conditionOf(request, type)?.status === 'True';

/** Whether the request is decided for good, one way or the other. */
export const isSettled = (request: Request): boolean => isTrue(request, 'Settled');

/** `open` until it is settled; then whether the answer was yes or no. A yes that came to a no before its work was let go is one. */
export function outcome(request: Request): 'open' | 'approved' | 'refused' {
  if (!isSettled(request)) return 'open';
  return isTrue(request, 'Approved') && !isWithdrawn(request) ? 'approved' : 'refused';
}

/** Approved, and its work is held all the same: until a window opens, or because a policy has become stricter. */
export const isHeldBack = (request: Request): boolean =>
  outcome(request) === 'approved' && request.governs && !isTrue(request, 'Released') && !isTrue(request, 'Completed');

const isWithdrawn = ({ status }: Request): boolean => withdrawalOf(status?.conditions ?? []) !== undefined;

/** The phase for people; what the operator has not looked at yet has none. */
export const phaseText = (request: Request): string => request.status?.phase ?? 'New';

/** What a condition of the request says, after the phase unless it begins with that word itself: `Completed: Approved by bob.` */
export function outcomeText(request: Request, type: string): string {
  const phase = phaseText(request);
  const message = conditionOf(request, type === 'Approved' && isWithdrawn(request) ? 'Released' : type)?.message ?? 'no message.';
  return message.startsWith(phase) ? message : `${phase}: ${message}`;
}

/** The subject in words: `Job wire-4711`, `temporal run-9`. */
export function subjectText(request: Request): string {
  const { resource, external } = request.spec.subject;
  if (resource !== undefined) return `${resource.kind} ${resource.name}`;
  return external === undefined ? 'nothing' : `${external.system} ${external.id}`;
}

/** Who asked, as the operator recorded it. */
export const requesterText = (request: Request): string => request.status?.requester?.username ?? 'unknown';
