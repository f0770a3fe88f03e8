import type { PolicyKind } from './stage.ts';

/** Labels that the operator and its guards put on objects. Nobody else may set, change or remove them. */
export const labels = {
  /** On held work: `"true"` until it is released, then `"false"`. */
  held: 'countersign.dev/held',
  /** On requests that release something: the uid of the subject. */
  subjectUid: 'countersign.dev/subject-uid',
  /** On a Job that a GovernedJob has beside its own: which stage it belongs to, `Pre`, `Post` or `Rollback`. */
  stage: 'countersign.dev/stage',
} as const;

/** Annotations that are guarded like the labels. */
export const guardedAnnotations = {
  /** On held work: `"true"` when its author had suspended it himself. */
  authorSuspended: 'countersign.dev/author-suspended',
  /** Who asked, as the API server saw them. */
  requester: 'countersign.dev/requester',
  /** The groups of who asked, one a line. */
  requesterGroups: 'countersign.dev/requester-groups',
  /** On what the approval service asked for somebody: the channel by which they came. */
  via: 'countersign.dev/via',
  /** On what the approval service asked for somebody: the service, as the API server saw it. */
  submittedBy: 'countersign.dev/submitted-by',
  /** On what the approval service cancelled for somebody: that person, and their groups, one a line. */
  cancelledBy: 'countersign.dev/cancelled-by',
  cancelledByGroups: 'countersign.dev/cancelled-by-groups',
  /** On held work that the controller of CronJobs made: the uid of the CronJob. An owner reference alone is written by anybody. */
  runOf: 'countersign.dev/run-of',
  /** On released work: the digest it was released for. */
  released: 'countersign.dev/released',
  /** On work that a cluster-admin let go past every approval, as docs/operations/by-hand.md has it: who did, and why. */
  releasedByHand: 'countersign.dev/released-by-hand',
  /** On held and released work: the name of its request. */
  request: 'countersign.dev/request',
  /** On the Job of a GovernedJob: the digest of what it was made from. */
  source: 'countersign.dev/source',
} as const;

/** On the operator's own ServiceAccount: the pod that leads, which the guards compare a writer with. */
export const leaderAnnotation = 'countersign.dev/leader';

/** What the author of a plain Job has to say; covered by the digest, frozen while the Job is held. */
export const authorAnnotations = {
  operation: 'countersign.dev/operation',
  reason: 'countersign.dev/reason',
  ticket: 'countersign.dev/ticket',
  /** A JSON object. */
  context: 'countersign.dev/context',
  timeout: 'countersign.dev/timeout',
  /** Whom a trusted submitter asks for. */
  onBehalfOf: 'countersign.dev/on-behalf-of',
} as const;

/** All annotations of ours with a fixed name. */
export const annotations = { ...guardedAnnotations, ...authorAnnotations } as const;

/** What a policy's mark starts with, and the value it has. */
export const policyMarkPrefix = 'policy.countersign.dev/';
export const policyMarkValue = 'held';

/**
 * The label of work that a policy with `enforcement: Audit` would have held: `"true"`. Unlike all others it is not guarded, nor are the marks that go
 * with it, and nothing depends on them: whoever forges or removes them fools the report.
 */
export const auditLabel = 'countersign.dev/audit';

/** What the mark of a policy that only audits starts with, and the value it has. */
export const auditMarkPrefix = 'audit.countersign.dev/';
export const auditMarkValue = 'would-hold';

const longestName = 63;
const hashLength = 8;

/**
 * FNV-1a, 32 bits, as 8 hexadecimal digits: keeps shortened names apart. Not a secret and no protection: with 32 bits no hash is, and two policies
 * that shared a mark would both still hold.
 */
const shortHash = (text: string): string => {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(hashLength, '0');
};

interface Marking {
  readonly kind: PolicyKind;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/**
 * The annotation by which one policy says that it holds an object: `policy.countersign.dev/NAMESPACE.NAME`, or `policy.countersign.dev/cluster_.NAME`
 * (no namespace can be called so). Kubernetes allows 63 characters after the slash; longer names are cut and end in a hash.
 */
export const policyMark = (policy: Marking): string => policyMarkPrefix + markName(policy);

/** The policy that a mark names; of one whose name was cut, as much of it as the mark has. */
export function markedPolicy(mark: string): Marking {
  const name = mark.slice(policyMarkPrefix.length);
  const dot = name.indexOf('.');
  if (dot < 0) return { kind: 'ApprovalPolicy', name };
  const [scope, rest] = [name.slice(0, dot), name.slice(dot + 1)];
  return scope === 'cluster_' ? { kind: 'ClusterApprovalPolicy', name: rest } : { kind: 'ApprovalPolicy', namespace: scope, name: rest };
}

/** The annotation by which one policy with `enforcement: Audit` says that it would have held an object; named as `policyMark` is. */
export const auditMark = (policy: Marking): string => auditMarkPrefix + markName(policy);

function markName(policy: Marking): string {
  const scope = policy.kind === 'ClusterApprovalPolicy' ? 'cluster_' : (policy.namespace ?? '');
  if (scope === '') throw new TypeError(`policyMark: the ApprovalPolicy ${policy.name} has no namespace; pass the namespace it lives in.`);
  const full = `${scope}.${policy.name}`;
  if (full.length <= longestName) return full;
  return `${full.slice(0, longestName - hashLength - 1)}-${shortHash(full)}`;
}
