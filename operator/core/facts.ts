import type {
  ApprovalPolicySpec,
  ApprovalRequestSpec,
  ApprovalRequestStatus,
  PolicyRecord,
  StandingApproval,
  DecisionVerdict,
  DecisionVia,
  Pin,
  Reassignment,
  Requester,
  Standing,
} from '../../crds/v1alpha1/index.ts';
import type { Program } from './cel/index.ts';
import type { DelegationFacts } from './delegation.ts';
import type { Person } from './eligibility.ts';
import type { PolicyRules } from './rules/compile.ts';

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
  readonly delegations: readonly DelegationSeen[];
  /** User names of managers, by the user name of whom they manage. */
  readonly managers: ReadonlyMap<string, string>;
  /** Overrides of other requests, in whatever namespace, that nobody has reviewed. */
  readonly reviewsOwed: readonly ReviewOwed[];
  /** Requests of the namespace whose approval was meant for further runs too. */
  readonly standing: readonly StandingFacts[];
  /** The namespace, as expressions see it. */
  readonly namespaceObject: NamespaceObject;
  /** How often the same operation failed here before, 0 to 100. */
  readonly observedFailureRate: number;
  /** Our clock and the API server's are so far apart that nothing is released by the time. */
  readonly clockDisagrees: boolean;
  /** How long a request may wait when neither it nor a policy says. */
  readonly defaultTimeoutMs: number;
}

/** An override that nobody has reviewed. */
export interface ReviewOwed {
  readonly namespace: string;
  readonly by: readonly string[];
}

export interface RequestFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly createdAt: number;
  readonly requester: Requester;
  /** Whom it was asked for, as whoever submitted it says; believed where policies trust them to. */
  readonly onBehalfOf?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** True when the operator made it for held work: only then is anything ever released. */
  readonly governs: boolean;
  readonly spec: ApprovalRequestSpec;
  readonly status: ApprovalRequestStatus | undefined;
}

/** A delegation of the request's namespace; `when` is its expression, `faulty` where that does not compile. */
export type DelegationSeen = Omit<DelegationFacts, 'applies'> & { readonly when?: Program | 'faulty' };

/** A request whose approval was meant for further runs of the same too. */
export interface StandingFacts {
  /** The name of that request, in the same namespace. */
  readonly request: string;
  readonly standing: StandingApproval;
  /** The policies under which it was approved. */
  readonly policies: readonly PolicyRecord[];
  /** The stages that were asked for, each with its policy. */
  readonly stages: readonly string[];
  /** Whoever approved it, in their own name or another's, where nobody may approve what they ask for: it is of no use to their own requests. */
  readonly approvers: readonly string[];
}

/** What is run again, for whoever may agree to more than one run. */
export interface Repeatable {
  /** The CronJob, or the operation: `CronJob nightly`, `operation db-migration`. */
  readonly covers: string;
  /** The digest of what runs and what is claimed about it, without what differs from run to run. */
  readonly content: string;
}

/** What expressions know of a namespace. */
export interface NamespaceObject {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
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
  /** The CronJob that made it, by name. */
  readonly runOf?: string | undefined;
  /** The governed object itself, where an expression reads it. */
  readonly object?: Readonly<Record<string, unknown>> | undefined;
  /** Of a GovernedJob, its Job as it is stored, where an expression of a policy that speaks of Jobs alone reads it; absent while there is none. */
  readonly job?: Readonly<Record<string, unknown>> | undefined;
  /** What is run again, where a policy lets people agree to more than one run. */
  readonly repeatable?: Repeatable | undefined;
  /** What it refers to, where a policy pins that; part of the digest. */
  readonly pins?: readonly Pin[] | undefined;
  /** Somebody pins what it refers to, so it must be looked at again although nobody says that anything changed. */
  readonly pinned?: boolean | undefined;
  /** What a policy with `pin` and `unpinnedImages: Refuse` refuses: images that are named by a tag alone. */
  readonly unpinnedImages?: readonly string[] | undefined;
  /** Let go, but never begun: its author had suspended it and did not resume it. */
  readonly unused?: boolean;
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
  /** Its expressions, compiled. */
  readonly rules: PolicyRules;
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
  readonly response?: Readonly<Record<string, unknown>> | undefined;
  readonly reassign?: Reassignment | undefined;
  readonly standing?: Standing | undefined;
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
  /** The verbs on approvalrequests in the request's namespace. */
  may(verb: RequestVerb, approver: string, groups: readonly string[]): boolean;
}

/** Of whom RBAC must be asked, and what, before decisions can be weighed. */
export interface PermissionQuestions {
  /** Of the request. */
  readonly namespace: string;
  readonly people: readonly Person[];
  /** Those whose `{permission: approve}` matters. */
  readonly policies: readonly PolicyId[];
  readonly decisions?: readonly Pick<DecisionFacts, 'verdict' | 'approver' | 'groups'>[];
}

/** Verbs of ours on approvalrequests. */
export type RequestVerb = 'override' | 'reassign';

export const nobodyMay: Permissions = { mayApprove: () => false, may: () => false };

/** What people have said and handed on, where nobody has yet. */
export const nothingSaid: Pick<Observation, 'decisions' | 'permissions' | 'delegations' | 'managers' | 'reviewsOwed' | 'standing'> = {
  decisions: [],
  permissions: nobodyMay,
  delegations: [],
  managers: new Map(),
  reviewsOwed: [],
  standing: [],
};

/** One name for a policy, for maps and messages: `payments/tiers`, or `tiers` for a cluster policy. */
export const policyName = (p: PolicyId): string => (p.namespace === undefined ? p.name : `${p.namespace}/${p.name}`);

/** Equal for the same policy object name and kind, and for nothing else. */
export const policyKey = (p: PolicyId): string => `${p.kind} ${policyName(p)}`;
