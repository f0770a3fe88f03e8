/** The condition types that our kinds use. */
export const ConditionType = {
  /** The request can be understood: its subject, its context and its references are well formed. */
  Valid: 'Valid',
  /** At least one policy applies. */
  PolicyMatched: 'PolicyMatched',
  /** Unknown while people decide, then True or False for good. */
  Approved: 'Approved',
  /** The held work was let go. */
  Released: 'Released',
  /** The released work has ended. */
  Completed: 'Completed',
  /** Only where people overrode the policies: False until somebody else has looked at that. */
  Reviewed: 'Reviewed',
  /** Became True once, on a final outcome of any kind; never changes again. */
  Settled: 'Settled',
  /** kstatus: nothing more is going to happen and the outcome is good. */
  Ready: 'Ready',
  /** kstatus: something is still going to happen. */
  Reconciling: 'Reconciling',
  /** kstatus: nothing more is going to happen unless somebody acts. */
  Stalled: 'Stalled',
} as const;
export type ConditionType = (typeof ConditionType)[keyof typeof ConditionType];

/** Every reason that a condition of ours may carry. */
export const Reason = {
  Accepted: 'Accepted',
  Applying: 'Applying',
  Approved: 'Approved',
  Auditing: 'Auditing',
  AutoApproved: 'AutoApproved',
  AwaitingApproval: 'AwaitingApproval',
  Cancelled: 'Cancelled',
  Completed: 'Completed',
  ApprovalExpired: 'ApprovalExpired',
  Draft: 'Draft',
  Enforced: 'Enforced',
  ExpressionFailed: 'ExpressionFailed',
  Expired: 'Expired',
  Failed: 'Failed',
  Frozen: 'Frozen',
  GuardsFailed: 'GuardsFailed',
  GuardsPending: 'GuardsPending',
  Held: 'Held',
  InvalidSpec: 'InvalidSpec',
  NobodyAsked: 'NobodyAsked',
  NoPolicy: 'NoPolicy',
  NothingToRelease: 'NothingToRelease',
  Overridden: 'Overridden',
  Pending: 'Pending',
  PoliciesMatched: 'PoliciesMatched',
  PolicyUnreadable: 'PolicyUnreadable',
  PolicyViolation: 'PolicyViolation',
  Rejected: 'Rejected',
  Released: 'Released',
  RequesterUnknown: 'RequesterUnknown',
  Reviewed: 'Reviewed',
  ReviewOwed: 'ReviewOwed',
  Reviewing: 'Reviewing',
  RolledBack: 'RolledBack',
  RollingBack: 'RollingBack',
  Running: 'Running',
  Settled: 'Settled',
  StandingApproval: 'StandingApproval',
  SubjectChanged: 'SubjectChanged',
  SubjectFailed: 'SubjectFailed',
  SubjectGone: 'SubjectGone',
  SubjectNotFound: 'SubjectNotFound',
  Submitted: 'Submitted',
  Succeeded: 'Succeeded',
  TooManyPolicies: 'TooManyPolicies',
} as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

/** Why a decision was not counted. */
export const IgnoredBecause = {
  /** What is asked for was changed after the approver saw it. */
  DigestChanged: 'DigestChanged',
  /** The approver is in no open stage's list. */
  NotQualified: 'NotQualified',
  /** The approver is asked only by a delegation that the requester wrote in somebody else's name, or that nobody knows the author of. */
  DelegatedByRequester: 'DelegatedByRequester',
  /** The approver is the requester, and the policy does not let them approve their own request. */
  Requester: 'Requester',
  /** The same person decided again later. */
  Superseded: 'Superseded',
  /** The request had already been settled. */
  Settled: 'Settled',
  /** It named an object of another uid. */
  UidChanged: 'UidChanged',
  /** A comment counts for nothing. */
  Comment: 'Comment',
  /** It came after the request's time was over. */
  Late: 'Late',
  /** An override or a reassignment by somebody without the verb, or a reassignment of or to somebody whom the policy does not allow. */
  NotAllowed: 'NotAllowed',
  /** An override without a ticket, or a decision without one that its policy requires. */
  TicketMissing: 'TicketMissing',
  /** A decision without the reason that its policy requires. */
  ReasonMissing: 'ReasonMissing',
  /** A question that needs an answer has none, or a wrong one. */
  AnswersMissing: 'AnswersMissing',
  /** Nobody has reviewed an earlier override by the same person. */
  ReviewOwed: 'ReviewOwed',
  /** A review of what nobody had overridden. */
  NotOverridden: 'NotOverridden',
  /** A review by somebody who overrode it themselves. */
  OwnOverride: 'OwnOverride',
  /** A review of what somebody had reviewed before. */
  ReviewedBefore: 'ReviewedBefore',
  /** A reassignment for somebody who then decided themselves. */
  NotGone: 'NotGone',
  /** It came by a channel that is too weak for every stage that asks its author. */
  ChannelTooWeak: 'ChannelTooWeak',
  /** Others already fill every place that the approver could have filled. */
  PlaceTaken: 'PlaceTaken',
} as const;
export type IgnoredBecause = (typeof IgnoredBecause)[keyof typeof IgnoredBecause];
