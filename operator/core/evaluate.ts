import type { DecisionRecord, PolicyRecord, ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { durationMs, shortestMs } from './duration.ts';
import type { Observation } from './facts.ts';
import { countStages, mayApprove, mayReject, originKey, type CountedStage } from './quorum.ts';
import { whatIsAsked, type AskedStage } from './resolve.ts';
import { castVotes, type Vote } from './votes.ts';

/** What the facts say of a request at this moment. `pending` and the two after it hold. */
export type Verdict = 'Approved' | 'AutoApproved' | 'Rejected' | 'Expired' | 'Pending' | 'NobodyAsked' | 'NoPolicy';

export interface Evaluation {
  readonly verdict: Verdict;
  readonly policies: readonly PolicyRecord[];
  readonly stages: readonly ResolvedStage[];
  readonly decisions: readonly DecisionRecord[];
  readonly submittedAt: number;
  readonly expiresAt: number;
  /** The next moment at which time alone changes the verdict. */
  readonly nextDeadline: number;
  /** The stage that ran out of time, when that is why it expired. */
  readonly lateStage?: string;
}

const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

/** Weighs all facts of one request. Pure and total. */
export function evaluate(facts: Observation): Evaluation {
  const { request, now } = facts;
  const status = request.status;
  const submittedAt = status?.submittedAt === undefined ? now : Date.parse(status.submittedAt);
  const snapshot = status?.submittedAt === undefined ? undefined : { policies: status.policies, stages: status.stages };
  const asked = whatIsAsked(request.spec, facts.policies, snapshot);
  const expiresAt = submittedAt + waitMs(facts, asked.policies);
  const votes = castVotes(facts.decisions, { requestUid: request.uid, digest: facts.subject.digest, closesAt: expiresAt });
  const counted = countStages(asked.stages, votes, request.requester.username, facts.permissions);
  const auto = asked.policies.length > 0 && asked.policies.every((p) => p.autoApproves !== undefined) && !hasOwnStages(facts);
  const stages = withStates(counted, { auto, now, expiresAt, previous: status?.stages ?? [] });
  const late = stages.find((s) => s.state === 'Expired');
  const verdict = verdictOf(facts, counted, {
    auto,
    expired: now >= expiresAt || late !== undefined,
    hasPolicy: asked.policies.length > 0,
  });
  const deadlines = stages.flatMap((s) => (s.state === 'Active' && s.deadline !== undefined ? [Date.parse(s.deadline)] : []));
  return {
    verdict,
    policies: asked.policies,
    stages,
    decisions: votes.map((vote) => record(vote, counted, facts)),
    submittedAt,
    expiresAt,
    nextDeadline: Math.min(expiresAt, ...deadlines),
    ...(late === undefined ? {} : { lateStage: late.name }),
  };
}

const hasOwnStages = (facts: Observation): boolean => (facts.request.spec.stages ?? []).length > 0;

const waitMs = (facts: Observation, policies: readonly PolicyRecord[]): number =>
  shortestMs([facts.request.spec.timeout, ...policies.map((p) => p.timeout)]) ?? facts.defaultTimeoutMs;

function verdictOf(
  facts: Observation,
  counted: readonly CountedStage[],
  { auto, expired, hasPolicy }: { auto: boolean; expired: boolean; hasPolicy: boolean },
): Verdict {
  if (!hasPolicy || facts.missingPolicies.length > 0) return expired ? 'Expired' : 'NoPolicy';
  if (counted.some((s) => s.rejected)) return 'Rejected';
  if (auto) return 'AutoApproved';
  if (counted.length > 0 && counted.every((s) => s.satisfied)) return 'Approved';
  if (expired) return 'Expired';
  return counted.length === 0 ? 'NobodyAsked' : 'Pending';
}

interface Timing {
  readonly auto: boolean;
  readonly now: number;
  readonly expiresAt: number;
  readonly previous: readonly ResolvedStage[];
}

/** A stage is active once all before it, of the same version of the same policy, are satisfied. */
function withStates(counted: readonly CountedStage[], timing: Timing): ResolvedStage[] {
  const open = new Map<string, boolean>();
  return counted.map((stage) => {
    const origin = originKey(stage.asked);
    const turn = open.get(origin) ?? true;
    open.set(origin, turn && stage.satisfied);
    return resolved(stage, turn, timing);
  });
}

function resolved(stage: CountedStage, turn: boolean, { auto, now, expiresAt, previous }: Timing): ResolvedStage {
  const { asked } = stage;
  const before = previous.find((p) => p.name === asked.name && originKey(p) === originKey(asked));
  const activeSince = turn && !auto ? (before?.activeSince ?? iso(now)) : undefined;
  const deadline =
    activeSince === undefined || asked.timeout === undefined
      ? undefined
      : Math.min(expiresAt, Date.parse(activeSince) + durationMs(asked.timeout));
  const state = stage.rejected
    ? 'Rejected'
    : auto
      ? 'Skipped'
      : stage.satisfied
        ? 'Satisfied'
        : !turn
          ? 'Waiting'
          : deadline !== undefined && now >= deadline
            ? 'Expired'
            : 'Active';
  return {
    ...asked,
    require: asked.require.map((r, i) => ({ ...r, approvedBy: [...(stage.approvedBy[i] ?? [])] })),
    state,
    required: stage.required,
    approvals: stage.approvals,
    ...(stage.rejectedBy.length === 0 ? {} : { rejectedBy: [...stage.rejectedBy] }),
    ...(activeSince === undefined ? {} : { activeSince }),
    ...(deadline === undefined ? {} : { deadline: iso(deadline) }),
  };
}

function record({ decision, fault }: Vote, counted: readonly CountedStage[], facts: Observation): DecisionRecord {
  const idle = fault ?? idleReason(decision, counted, facts);
  return {
    name: decision.name,
    verdict: decision.verdict,
    approver: decision.approver,
    via: decision.via,
    time: decision.time,
    digest: decision.digest,
    counted: idle === undefined,
    ...(decision.reason === undefined ? {} : { reason: decision.reason }),
    ...(decision.ticket === undefined ? {} : { ticket: decision.ticket }),
    ...(idle === undefined ? {} : { ignoredBecause: idle }),
  };
}

function idleReason(decision: Vote['decision'], counted: readonly CountedStage[], facts: Observation): DecisionRecord['ignoredBecause'] {
  const person = { username: decision.approver, groups: decision.groups };
  const requester = facts.request.requester.username;
  const asks = (test: (stage: AskedStage) => boolean) => counted.some((s) => test(s.asked));
  if (!asks((s) => mayReject(s, person, facts.permissions))) return 'NotQualified';
  if (decision.verdict === 'Reject') return undefined;
  if (!asks((s) => mayApprove(s, person, requester, facts.permissions))) return 'Requester';
  return counted.some((s) => s.approvedBy.some((names) => names.includes(decision.approver))) ? undefined : 'PlaceTaken';
}
