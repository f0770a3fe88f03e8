import type {
  ApprovalRequestStatus,
  DecisionRecord,
  Overridden,
  PolicyRecord,
  Question,
  Requester,
  ResolvedStage,
  RiskScore,
} from '../../crds/v1alpha1/index.ts';
import { rfc3339 } from './conditions.ts';
import { shortestMs } from './duration.ts';
import type { DecisionFacts, Observation } from './facts.ts';
import { decisionRecords } from './decisionRecords.ts';
import { voterIn, type Voter } from './eligibility.ts';
import type { Evaluation, Verdict } from './evaluation.ts';
import { outcomeOf } from './outcome.ts';
import { overrideOf } from './override.ts';
import { pollOf, type ReadPoll } from './poll.ts';
import { countStages, mayApprove, mayReject, originKey, type Counted, type CountedStage, type Poll } from './quorum.ts';
import { answersTo } from './questions.ts';
import { applies, whatIsAsked, type Asked, type AskedStage, type JudgedPolicy } from './resolve.ts';
import { judge } from './rules/judge.ts';
import { judgedBy, judgedOf, requesterOf } from './rules/variables.ts';
import { isOpen } from './stageStates.ts';
import { coverOf, type Cover } from './standing.ts';
import { aboutThisSince, hasChanged } from './submission.ts';
import { gateTurnsAt, timeOf, timesOf } from './timing.ts';
import { castVotes } from './votes.ts';
import { gate, type Gate } from './windows/index.ts';

/** Weighs all facts of one request. Pure and total. */
export function evaluate(facts: Observation): Evaluation {
  const { request, now } = facts;
  const { status } = request;
  const submittedAt = timeOf(status?.submittedAt) ?? now;
  const snapshot = snapshotOf(status, facts);
  const resolvedAt = aboutThisSince(facts);
  const requester = requesterOf(facts);
  const asked = whatIsAsked(request.spec, judged(facts, requester), snapshot);
  const expiresAt = submittedAt + waitMs(facts, asked.policies);
  const ballot = { requestUid: request.uid, digest: facts.subject.digest, closesAt: expiresAt, opensAt: resolvedAt };
  const timing = { now, expiresAt, previous: snapshot?.stages ?? [] };
  const poll = pollOf(facts, requester, asked.stages, (stage) => timesOf(stage, activeSinceOf(stage, timing), expiresAt));
  const isAsked = (voter: Voter): boolean => asked.stages.some((stage) => mayApprove(stage, voter, poll));
  const votes = castVotes(facts.decisions, ballot, { policies: asked.policies, questions: request.spec.questions ?? [], isAsked });
  const counted = countStages(asked.stages, votes, poll);
  const auto = asked.agreed && (request.spec.stages ?? []).length === 0;
  const stages = withStates(counted, auto, timing);
  // What was agreed to and still waits, for a window to open say, may be overridden as long as it waits.
  const later = outcomeOf(status?.conditions ?? [])?.approved === true ? { ...ballot, closesAt: Infinity } : ballot;
  const override = overrideOf(facts, later);
  const cover = coverOf(facts, asked, poll.requesters);
  const decisions = decisionRecords(votes, { facts, ballot: later, poll, counted });
  const open = gateOf(facts, asked.policies);
  const late = stages.find((s) => s.state === 'Expired');
  const risk = highest(asked.policies);
  const verdict = verdictOf(facts, { asked, counted: counted.stages, auto, gate: open, late, expired: now >= expiresAt, override, cover });
  return {
    verdict,
    ...(verdict === 'Pending' ? cover : {}),
    ...(verdict === 'StandingApproval' ? { approvedUnder: cover.approvedUnder } : {}),
    ...revocation(facts, asked.stages, poll),
    ...answers(decisions, request.spec.questions),
    ...failures(poll),
    requester,
    policies: asked.policies,
    stages,
    decisions,
    ...(risk === undefined ? {} : { risk }),
    ...(override === undefined ? {} : { override }),
    submittedAt,
    ...(resolvedAt === undefined ? {} : { resolvedAt }),
    expiresAt,
    gate: open,
    nextDeadline: Math.min(expiresAt, gateTurnsAt(open, facts), ...stages.flatMap((s) => nextOf(s, now, expiresAt))),
    ...(late === undefined ? {} : { lateStage: late.name }),
  };
}

interface Snapshot {
  readonly policies: readonly PolicyRecord[];
  readonly stages: readonly ResolvedStage[];
}

/**
 * What the policies said at submission. None before that, nor once what is asked for has become something else: every vote is void then, and it is a
 * new submission under the policies as they are. A policy that could not say anything is not in it: once mended it may ask people, but not agree.
 */
function snapshotOf(status: ApprovalRequestStatus | undefined, facts: Observation): Snapshot | undefined {
  if (status?.submittedAt === undefined || hasChanged(facts)) return undefined;
  return { policies: status.policies, stages: status.stages };
}

function judged(facts: Observation, requester: Requester): JudgedPolicy[] {
  const about = judgedOf(facts, requester);
  // Those of the cluster first: what they may take is not spent by the policies of a namespace.
  const inTurn = [...facts.policies].sort((a, b) => Number(b.namespace === undefined) - Number(a.namespace === undefined));
  return inTurn.map((policy) => ({ ...policy, judgement: judge(policy, judgedBy(policy, about, facts)) }));
}

const waitMs = (facts: Observation, policies: readonly PolicyRecord[]): number =>
  shortestMs([facts.request.spec.timeout, ...policies.map((p) => p.timeout)]) ?? facts.defaultTimeoutMs;

/** By the time alone. Nothing that depends on the time is let go while nobody knows what time it is. */
function gateOf({ now, clockDisagrees }: Observation, policies: readonly PolicyRecord[]): Gate {
  const timed = policies.some((p) => p.freeze !== undefined || p.releaseWindows !== undefined);
  if (timed && clockDisagrees)
    return { open: false, because: 'the clock of the operator and that of the API server disagree by more than 30 seconds' };
  return gate(policies, now);
}

function highest(policies: readonly PolicyRecord[]): RiskScore | undefined {
  return policies.flatMap((p) => p.risk ?? []).sort((a, b) => b.score - a.score)[0];
}

/** Who says no to what was approved, and so ends the standing approval that it carries. */
function revocation({ decisions, request }: Observation, stages: readonly AskedStage[], poll: Poll): Pick<Evaluation, 'revokedBy'> {
  const approvedAt = request.status?.approvedAt;
  if (approvedAt === undefined) return {};
  const isAsked = (d: DecisionFacts): boolean => {
    const voter = voterIn(d);
    return stages.some((stage) => mayReject(stage, voter, poll));
  };
  const about = decisions.filter((d) => d.requestUid === request.uid && d.approver !== '');
  const no = about.find((d) => d.verdict === 'Reject' && d.time >= approvedAt && isAsked(d));
  return no === undefined ? {} : { revokedBy: no.approver };
}

function failures({ failedDelegations }: ReadPoll): Pick<Evaluation, 'failedDelegations'> {
  const failed = failedDelegations();
  return failed.length === 0 ? {} : { failedDelegations: failed };
}

/** The answers of the latest approval that counts and gives some. */
function answers(decisions: readonly DecisionRecord[], questions: readonly Question[] | undefined): Pick<Evaluation, 'response'> {
  const given = decisions.filter((d) => d.counted && d.verdict === 'Approve' && d.response !== undefined).at(-1);
  const response = answersTo(questions, given?.response);
  return response === undefined ? {} : { response };
}

interface Weighed {
  readonly asked: Asked;
  readonly counted: readonly CountedStage[];
  readonly auto: boolean;
  readonly gate: Gate;
  readonly late: ResolvedStage | undefined;
  readonly expired: boolean;
  readonly override: Overridden | undefined;
  readonly cover: Cover;
}

function verdictOf(facts: Observation, { asked, counted, auto, gate: open, late, expired, override, cover }: Weighed): Verdict {
  if (override !== undefined) return 'Overridden';
  if (asked.policies.length === 0 || facts.missingPolicies.length > 0) return expired ? 'Expired' : 'NoPolicy';
  if (asked.policies.some((p) => p.fault !== undefined)) return expired ? 'Expired' : 'Faulty';
  if (asked.policies.some((p) => p.violations !== undefined)) return 'PolicyViolation';
  if (counted.some((s) => s.rejected)) return 'Rejected';
  if (!asked.fits) return expired || late !== undefined ? 'Expired' : 'TooMany';
  // Nothing is approved that has no digest: nobody could say later what it was.
  if (auto && facts.subject.digest !== undefined && open.open) return 'AutoApproved';
  const wanted = counted.filter((s) => applies(s.asked));
  if (asked.answerable && wanted.length > 0 && wanted.every((s) => s.satisfied)) return 'Approved';
  if (cover.approvedUnder !== undefined && open.open) return 'StandingApproval';
  if (late?.onTimeout === 'Reject') return 'Rejected';
  if (expired || late !== undefined) return 'Expired';
  if (auto && !open.open) return 'Frozen';
  return asked.answerable && !auto ? 'Pending' : 'NobodyAsked';
}

interface Timing {
  readonly now: number;
  readonly expiresAt: number;
  readonly previous: readonly ResolvedStage[];
}

const activeSinceOf = (stage: AskedStage, { previous }: Timing): string | undefined =>
  previous.find((p) => p.name === stage.name && originKey(p) === originKey(stage))?.activeSince;

/** A stage is active once all before it, of the same version of the same policy, are satisfied. */
function withStates({ stages }: Counted, auto: boolean, timing: Timing): ResolvedStage[] {
  const open = new Map<string, boolean>();
  return stages.map((stage) => {
    const origin = originKey(stage.asked);
    const turn = open.get(origin) ?? true;
    open.set(origin, turn && (stage.satisfied || !applies(stage.asked)));
    return resolved(stage, { turn, auto }, timing);
  });
}

function resolved(stage: CountedStage, { turn, auto }: { turn: boolean; auto: boolean }, timing: Timing): ResolvedStage {
  const { asked } = stage;
  const asks = turn && !auto && applies(asked);
  const activeSince = asks ? (activeSinceOf(asked, timing) ?? rfc3339(timing.now)) : undefined;
  const { deadline, closesAt } = timesOf(asked, activeSince, timing.expiresAt);
  const escalated = asks && asked.escalation !== undefined && timing.now >= deadline;
  const { escalation, ...rest } = asked;
  return {
    ...rest,
    require: asked.require.map((r, i) => ({ ...r, approvedBy: [...(stage.approvedBy[i] ?? [])] })),
    state: stateOf(stage, { turn, auto, escalated, over: timing.now >= closesAt }),
    required: stage.required,
    approvals: stage.approvals,
    ...(stage.rejectedBy.length === 0 ? {} : { rejectedBy: stage.rejectedBy.slice(0, mostNames) }),
    ...(stage.standIns.length === 0 ? {} : { standIns: stage.standIns.slice(0, mostNames).map(({ isManager: _, ...standIn }) => standIn) }),
    ...(escalation === undefined ? {} : { escalation: withApprovals(escalation, stage.escalatedTo) }),
    ...(escalated ? { escalatedAt: rfc3339(deadline) } : {}),
    ...(activeSince === undefined ? {} : { activeSince }),
    ...(deadline === Infinity ? {} : { deadline: rfc3339(escalated ? closesAt : deadline) }),
  };
}

const withApprovals = (escalation: NonNullable<ResolvedStage['escalation']>, by: readonly string[] | undefined) => {
  const { approvedBy: _before, ...asked } = escalation;
  return by === undefined || by.length === 0 ? asked : { ...asked, approvedBy: [...by] };
};

interface Situation {
  readonly turn: boolean;
  readonly auto: boolean;
  readonly escalated: boolean;
  readonly over: boolean;
}

function stateOf(stage: CountedStage, { turn, auto, escalated, over }: Situation): ResolvedStage['state'] {
  if (!applies(stage.asked)) return 'Skipped';
  if (stage.rejected) return 'Rejected';
  if (auto) return 'Skipped';
  if (stage.satisfied) return 'Satisfied';
  if (!turn) return 'Waiting';
  if (over) return 'Expired';
  return escalated ? 'Escalated' : 'Active';
}

/** When the time of an open stage is over next. */
function nextOf(stage: ResolvedStage, now: number, expiresAt: number): number[] {
  const at = isOpen(stage) ? timeOf(stage.deadline) : undefined;
  // Written to the second: what is a fraction of one away is looked at again then, and not at once and for ever.
  return at === undefined ? [] : [at > now ? at : Math.min(expiresAt, now + 1_000)];
}

/** As many names as a status may list. */
const mostNames = 64;
