import type {
  ApprovalPolicySpec,
  ApprovalRequestSpec,
  ApprovalRequestStatus,
  DecisionVerdict,
  DecisionVia,
  Requester,
} from '../../crds/v1alpha1/index.ts';

/** Everything the plan for one request may depend on. Gathered by `observe`, never changed afterwards. */
export interface Observation {
  /** The API server's time, in milliseconds since the epoch. */
  readonly now: number;
  readonly request: RequestFacts;
  readonly subject: SubjectFacts;
  readonly policies: readonly PolicyFacts[];
  /** Policies that somebody says apply (a mark on the Job, `policyRef`) but that do not exist now. */
  readonly missingPolicies: readonly PolicyId[];
  readonly decisions: readonly DecisionFacts[];
  readonly permissions: Permissions;
  /** How long a request may wait when neither it nor a policy says. */
  readonly defaultTimeoutMs: number;
}

export interface RequestFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly createdAt: number;
  readonly requester: Requester;
  /** True when the operator made it for held work: only then is anything ever released. */
  readonly governs: boolean;
  readonly spec: ApprovalRequestSpec;
  readonly status: ApprovalRequestStatus | undefined;
}

/** The subject as it is now; for something outside the cluster, it exists, is not held, and its digest is of what the request says of it. */
export interface SubjectFacts {
  /** False once no object of that uid exists any more, asked of the API server itself. */
  readonly exists: boolean;
  /** Of what would run now; absent when the subject is gone, or could not be digested (see `fault`). */
  readonly digest?: string | undefined;
  /** Why it could not be digested. */
  readonly fault?: string | undefined;
  /** Suspended and marked as held. */
  readonly held: boolean;
  /** Marked as held, yet not suspended: somebody switched the guards off and let it run. */
  readonly bypassed?: boolean;
  /** From the subject's own marks: the digest it was released for, and by which request. */
  readonly released?: { readonly digest: string; readonly request: string } | undefined;
  readonly ended?: { readonly succeeded: boolean; readonly message: string; readonly at?: string | undefined } | undefined;
}

export interface PolicyId {
  readonly kind: 'ApprovalPolicy' | 'ClusterApprovalPolicy';
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface PolicyFacts extends PolicyId {
  readonly uid: string;
  readonly generation: number;
  readonly spec: ApprovalPolicySpec;
}

export interface DecisionFacts {
  readonly name: string;
  readonly uid: string;
  readonly verdict: DecisionVerdict;
  readonly approver: string;
  readonly groups: readonly string[];
  readonly via: DecisionVia;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  /** The digest its author named for this request. */
  readonly digest: string;
  /** The uid its author named for this request. */
  readonly requestUid: string;
  /** RFC 3339, to the second, as the API server stamped it. */
  readonly time: string;
}

/** What the cluster's RBAC said of somebody's verb `approve` on a policy, with the groups they had when they decided. Whoever was not asked about may not. */
export interface Permissions {
  mayApprove(approver: string, policy: PolicyId, groups: readonly string[]): boolean;
}

export const nobodyMay: Permissions = { mayApprove: () => false };

/** One name for a policy, for maps and messages: `payments/tiers`, or `tiers` for a cluster policy. */
export const policyName = (p: PolicyId): string => (p.namespace === undefined ? p.name : `${p.namespace}/${p.name}`);

/** Equal for the same policy object name and kind, and for nothing else. */
export const policyKey = (p: PolicyId): string => `${p.kind} ${policyName(p)}`;
