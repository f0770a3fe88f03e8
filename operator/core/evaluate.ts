import type { DecisionRecord, PolicyRecord, ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { rfc3339 } from './conditions.ts';
import { shortestMs, storedDurationMs } from './duration.ts';
import type { Observation } from './facts.ts';
import { countStages, mayApprove, mayReject, originKey, type Closing, type CountedStage } from './quorum.ts';
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

/** Weighs all facts of one request. Pure and total. */
export function evaluate(facts: Observation): Evaluation {
  const { request, now } = facts;
  const status = request.status;
  const submittedAt = timeOf(status?.submittedAt) ?? now;
  const snapshot = status?.submittedAt === undefined ? undefined : { policies: status.policies, stages: status.stages };
  const asked = whatIsAsked(request.spec, facts.policies, snapshot);
  const expiresAt = submittedAt + waitMs(facts, asked.policies);
  const votes = castVotes(facts.decisions, { requestUid: request.uid, digest: facts.subject.digest, closesAt: expiresAt });
  const timing = { now, expiresAt, previous: status?.stages ?? [] };
  const counted = countStages(asked.stages, votes, request.requester.username, facts.permissions, closing(timing));
  const auto = asked.agreed && (request.spec.stages ?? []).length === 0;
  const stages = withStates(counted, auto, timing);
  const late = stages.find((s) => s.state === 'Expired');
  const expired = now >= expiresAt || late !== undefined;
  const verdict = verdictOf(facts, counted, { auto, expired, hasPolicy: asked.policies.length > 0, answerable: asked.answerable });
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

/** A time that a status says; undefined when it says none. */
function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

const waitMs = (facts: Observation, policies: readonly PolicyRecord[]): number =>
  shortestMs([facts.request.spec.timeout, ...policies.map((p) => p.timeout)]) ?? facts.defaultTimeoutMs;

function verdictOf(
  facts: Observation,
  counted: readonly CountedStage[],
  { auto, expired, hasPolicy, answerable }: { auto: boolean; expired: boolean; hasPolicy: boolean; answerable: boolean },
): Verdict {
  if (!hasPolicy || facts.missingPolicies.length > 0) return expired ? 'Expired' : 'NoPolicy';
  if (counted.some((s) => s.rejected)) return 'Rejected';
  // Nothing is approved that has no digest: nobody could say later what it was.
  if (auto && facts.subject.digest !== undefined) return 'AutoApproved';
  if (answerable && counted.length > 0 && counted.every((s) => s.satisfied)) return 'Approved';
  if (expired) return 'Expired';
  return answerable && !auto ? 'Pending' : 'NobodyAsked';
}

interface Timing {
  readonly now: number;
  readonly expiresAt: number;
  readonly previous: readonly ResolvedStage[];
}

/** Whoever agrees after a stage's time agrees too late, even if nobody was there to say so when it ended. */
const closing =
  (timing: Timing): Closing =>
  (stage) =>
    deadlineOf(stage, earlier(stage, timing)?.activeSince, timing) ?? Infinity;

const earlier = (stage: AskedStage, { previous }: Timing): ResolvedStage | undefined =>
  previous.find((p) => p.name === stage.name && originKey(p) === originKey(stage));

function deadlineOf(stage: AskedStage, activeSince: string | undefined, { expiresAt }: Timing): number | undefined {
  const since = timeOf(activeSince);
  const wait = storedDurationMs(stage.timeout);
  return since === undefined || wait === undefined ? undefined : Math.min(expiresAt, since + wait);
}

/** A stage is active once all before it, of the same version of the same policy, are satisfied. */
function withStates(counted: readonly CountedStage[], auto: boolean, timing: Timing): ResolvedStage[] {
  const open = new Map<string, boolean>();
  return counted.map((stage) => {
    const origin = originKey(stage.asked);
    const turn = open.get(origin) ?? true;
    open.set(origin, turn && stage.satisfied);
    return resolved(stage, { turn, auto }, timing);
  });
}

function resolved(stage: CountedStage, { turn, auto }: { turn: boolean; auto: boolean }, timing: Timing): ResolvedStage {
  const { asked } = stage;
  const { now } = timing;
  const activeSince = turn && !auto ? (earlier(asked, timing)?.activeSince ?? rfc3339(now)) : undefined;
  const deadline = deadlineOf(asked, activeSince, timing);
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
    ...(stage.rejectedBy.length === 0 ? {} : { rejectedBy: stage.rejectedBy.slice(0, mostNames) }),
    ...(activeSince === undefined ? {} : { activeSince }),
    ...(deadline === undefined ? {} : { deadline: rfc3339(deadline) }),
  };
}

/** As many names as a status may list. */
const mostNames = 64;

function record(vote: Vote, counted: readonly CountedStage[], facts: Observation): DecisionRecord {
  const { decision } = vote;
  const idle = vote.fault ?? idleReason(vote, counted, facts);
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

function idleReason({ decision, since }: Vote, counted: readonly CountedStage[], facts: Observation): DecisionRecord['ignoredBecause'] {
  const person = { username: decision.approver, groups: decision.groups };
  const requester = facts.request.requester.username;
  if (!counted.some((s) => mayReject(s.asked, person, facts.permissions))) return 'NotQualified';
  if (decision.verdict === 'Reject') return undefined;
  const open = counted.filter((s) => mayApprove(s.asked, person, requester, facts.permissions));
  if (open.length === 0) return 'Requester';
  if (open.every((s) => since > s.closesAt)) return 'Late';
  return counted.some((s) => s.approvedBy.some((names) => names.includes(decision.approver))) ? undefined : 'PlaceTaken';
}
