import type { DecisionRecord, Overridden, PolicyRecord, Requester, ResolvedStage, RiskScore } from '../../crds/v1alpha1/index.ts';
import type { Gate } from './windows/index.ts';

/** What the facts say of a request at this moment. From `Pending` on, it holds. */
export type Verdict =
  | 'Overridden'
  | 'Approved'
  | 'AutoApproved'
  | 'StandingApproval'
  | 'PolicyViolation'
  | 'Rejected'
  | 'Expired'
  | 'Pending'
  | 'Frozen'
  | 'NobodyAsked'
  | 'Faulty'
  | 'TooMany'
  | 'NoPolicy';

export interface Evaluation {
  readonly verdict: Verdict;
  readonly requester: Requester;
  readonly policies: readonly PolicyRecord[];
  readonly stages: readonly ResolvedStage[];
  readonly decisions: readonly DecisionRecord[];
  readonly risk?: RiskScore;
  readonly override?: Overridden;
  /** Who ended the standing approval: somebody whom a stage asks and who said no once it was approved. */
  readonly revokedBy?: string;
  /** A sentence for each delegation that leads to somebody who voted, and whose condition cannot be read. */
  readonly failedDelegations?: readonly string[];
  /** The answers of the latest approval that counts. */
  readonly response?: Record<string, unknown>;
  /** The request whose standing approval covers this one. */
  readonly approvedUnder?: string;
  /** The request whose standing approval would cover this one, once it is counted among its uses. */
  readonly claims?: string;
  readonly submittedAt: number;
  /** Since when the policies are those of the snapshot, where that is later than the submission. */
  readonly resolvedAt?: number;
  readonly expiresAt: number;
  /** Whether work may be let go by the time alone. */
  readonly gate: Gate;
  /** The next moment at which time alone changes the verdict. */
  readonly nextDeadline: number;
  /** The stage that ran out of time, when that is why it ended. */
  readonly lateStage?: string;
}
