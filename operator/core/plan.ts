import type { ApprovalRequestStatus, DecisionRecord, Pin, Requester } from '../../crds/v1alpha1/index.ts';
import { isTrue, rfc3339, says, withStatements } from './conditions.ts';
import { evaluate } from './evaluate.ts';
import type { Evaluation } from './evaluation.ts';
import type { Observation } from './facts.ts';
import { decide, outcomeOf, withdrawalOf, type Outcome } from './outcome.ts';
import { withReview } from './override.ts';
import { phaseOf } from './phases.ts';
import { standingOf } from './standing.ts';
import { pinRecheckMs } from './pins.ts';
import { kstatus, statementsFor } from './statements.ts';
import { gateTurnsAt, timeOf } from './timing.ts';
import { isReleased, lapseOf, withdrawal } from './withdrawal.ts';
import { present } from './present.ts';
import { mostListed } from './resolve.ts';

/** What is still owed to the world, each on its own evidence. */
export type Effect =
  /** Let the subject go, if it still has this digest. */
  | { readonly kind: 'release'; readonly digest: string }
  /** End the held subject as failed. */
  | { readonly kind: 'refuse'; readonly reason: string; readonly message: string };

/** Have this request counted among those that another one's standing approval covers; it is approved once it is. */
export interface Claim {
  readonly kind: 'claim';
  readonly source: string;
}

export interface Plan {
  readonly status: ApprovalRequestStatus;
  /** Owed before the status is written; once such a thing has happened the facts are others. */
  readonly before: readonly Claim[];
  /** Owed once the status is written. */
  readonly after: readonly Effect[];
  /** When time alone changes something, in milliseconds since the epoch. */
  readonly wakeAt?: number;
}

const mostDecisions = 100;

/** What a request's status should say, and what is owed. Pure and total: the same facts give the same plan. */
export function plan(facts: Observation): Plan {
  const { spec, status } = facts.request;
  const isDraft = spec.draft && !spec.cancelled && outcomeOf(status?.conditions ?? []) === undefined;
  return isDraft ? planDraft(facts) : planSubmitted(facts);
}

function planDraft(facts: Observation): Plan {
  const { request, now, subject } = facts;
  const statements = [
    says('Approved', 'Unknown', 'Draft', 'A draft: nobody is asked until spec.draft is false.'),
    ...kstatus('Reconciling', 'Draft', 'A draft: nobody is asked until spec.draft is false.'),
  ];
  const conditions = withStatements(request.status?.conditions ?? [], statements, { now, generation: request.generation });
  return {
    status: {
      ...base(request, request.requester, subject.digest),
      ...present({ pins: pinsOf(facts) }),
      phase: 'Draft',
      policies: [],
      stages: [],
      decisions: [],
      conditions,
    },
    before: [],
    after: [],
  };
}

function planSubmitted(facts: Observation): Plan {
  const evaluation = evaluate(facts);
  const before = facts.request.status;
  const recorded = outcomeOf(before?.conditions ?? []);
  const agreed = recorded ?? decide(facts, evaluation);
  const approvedAt = agreed?.approved === true ? (timeOf(before?.approvedAt) ?? facts.now) : undefined;
  const withdrawn = withdrawal(facts, evaluation, approvedAt);
  const usableSince = withdrawn === undefined ? approvedAt : undefined;
  const mayOverride = recorded !== undefined && withdrawn === undefined && waitsToBeReleased(facts, recorded);
  const outcome = (mayOverride ? overriding(facts, evaluation) : undefined) ?? agreed;
  const override = overrideOf(evaluation, outcome, before);
  const conditions = withStatements(before?.conditions ?? [], statementsFor(facts, evaluation, { outcome, override, withdrawn }), {
    now: facts.now,
    generation: facts.request.generation,
  });
  const shown =
    before !== undefined && recorded !== undefined && isOver(facts, recorded, evaluation)
      ? frozen(before, evaluation, mayOverride)
      : evaluation;
  const digest = recorded === undefined ? facts.subject.digest : before?.subjectDigest;
  const status: ApprovalRequestStatus = {
    ...base(facts.request, evaluation.requester, digest),
    phase: phaseOf(conditions, { draft: false, someoneAsked: evaluation.verdict === 'Pending' }),
    submittedAt: rfc3339(evaluation.submittedAt),
    expiresAt: recorded === undefined ? rfc3339(evaluation.expiresAt) : (before?.expiresAt ?? rfc3339(evaluation.expiresAt)),
    approvals: tally(shown.stages),
    ...present({
      resolvedAt: evaluation.resolvedAt === undefined ? undefined : rfc3339(evaluation.resolvedAt),
      risk: recorded === undefined ? evaluation.risk : before?.risk,
      pins: recorded === undefined ? pinsOf(facts) : before?.pins,
      response: recorded === undefined ? evaluation.response : before?.response,
      approvedAt: approvedAt === undefined ? undefined : rfc3339(approvedAt),
      earliestRelease: earliestRelease(facts, evaluation, withdrawn ?? outcome),
      override,
      standing: standingOf(facts, evaluation, outcome),
      approvedUnder: recorded === undefined ? evaluation.approvedUnder : before?.approvedUnder,
    }),
    // What does not fit holds, and says so (`TooMany`).
    policies: shown.policies.slice(0, mostListed),
    stages: shown.stages.slice(0, mostListed),
    decisions: listed(shown.decisions.filter((d) => d.approver !== '')),
    conditions,
  };
  return {
    status,
    before: evaluation.claims === undefined || outcome !== undefined ? [] : [{ kind: 'claim', source: evaluation.claims }],
    after: withdrawn === undefined ? effects(facts, evaluation, outcome) : withdraw(facts, evaluation, withdrawn),
    ...wake(Math.min(pinsAgainAt(facts), outcome === undefined ? evaluation.nextDeadline : waitsUntil(facts, evaluation, usableSince))),
  };
}

/**
 * An override of what was agreed to but is still held: by a freeze, or a policy that became stricter. It is as much of an override as any other: on record
 * as such, and owed a review.
 */
function overriding(facts: Observation, evaluation: Evaluation): Outcome | undefined {
  if (facts.subject.digest !== facts.request.status?.subjectDigest) return undefined;
  const outcome = decide(facts, evaluation);
  return outcome?.reason === 'Overridden' ? outcome : undefined;
}

const waitsToBeReleased = (facts: Observation, { approved }: Outcome): boolean =>
  approved && facts.request.governs && facts.subject.exists && facts.subject.held && !isReleased(facts);

/** Only what let something go is on record: who overrides what is cancelled, say, has overridden nothing. */
function overrideOf({ override, decisions }: Evaluation, outcome: Outcome | undefined, before: ApprovalRequestStatus | undefined) {
  if (before?.override !== undefined) return withReview(before.override, decisions);
  return outcome?.reason === 'Overridden' ? override : undefined;
}

const wake = (at: number): Pick<Plan, 'wakeAt'> => (at === Infinity ? {} : { wakeAt: at });

const pinsOf = ({ subject }: Observation): Pin[] | undefined =>
  subject.pins === undefined || subject.pins.length === 0 ? undefined : [...subject.pins];

/** Nobody tells when what work refers to is changed, as long as it is not settled. */
const pinsAgainAt = ({ subject, request, now }: Observation): number =>
  subject.pinned === true && outcomeOf(request.status?.conditions ?? []) === undefined ? now + pinRecheckMs : Infinity;

/** When time alone changes something for an approved request: its work may be let go, or not any more. Never for what is over. */
function waitsUntil(facts: Observation, evaluation: Evaluation, approvedAt: number | undefined): number {
  if (approvedAt === undefined || !facts.request.governs || !facts.subject.exists) return Infinity;
  const lapsesAt = lapseOf(facts, evaluation, approvedAt) ?? Infinity;
  if (isReleased(facts)) return lapsesAt;
  // Held back by more than the time: what is asked in addition has times of its own.
  const agreed = decide(facts, evaluation)?.approved === true;
  const next = agreed ? gateTurnsAt(evaluation.gate, facts) : evaluation.nextDeadline;
  return Math.min(lapsesAt, next > facts.now ? next : Infinity);
}

/** What was approved and not let go ends as what was refused does. What was let go cannot be kept: anybody may resume it. */
function withdraw({ request, subject }: Observation, { policies }: Evaluation, { reason, message }: Outcome): Effect[] {
  if (!request.governs || !subject.exists || subject.ended !== undefined) return [];
  if (!subject.held && subject.unused !== true) return [];
  if (subject.held && policies.some((p) => p.onRefusal === 'Keep')) return [];
  return [refusal(reason, message)];
}

const refusal = (reason: string, message: string): Effect => ({
  kind: 'refuse',
  reason: reason.startsWith('Approval') ? reason : `Approval${reason}`,
  message,
});

/** Shown while the time alone keeps it. */
function earliestRelease(facts: Observation, { gate, override }: Evaluation, outcome: Outcome | undefined): string | undefined {
  if (gate.open || gate.opensAt === undefined || override !== undefined || outcome?.approved === false || isReleased(facts))
    return undefined;
  return rfc3339(gate.opensAt);
}

/** The last of them, but whatever counts before what does not: a flood of comments must not push out of the record who agreed, and why. */
function listed(decisions: readonly DecisionRecord[]): DecisionRecord[] {
  const counted = decisions.filter((d) => d.counted).slice(-mostDecisions);
  const left = mostDecisions - counted.length;
  const others = left === 0 ? [] : decisions.filter((d) => !d.counted).slice(-left);
  const shown = new Set([...counted, ...others]);
  return decisions.filter((d) => shown.has(d));
}

/** Who asked is shown as far as the schema has room for it: a status that is refused whole would tell nobody anything. */
function base(request: Observation['request'], requester: Requester, digest: string | undefined) {
  const { username, groups, submittedBy } = requester;
  const shown = groups.filter((group) => group.length > 0 && group.length <= 512).slice(0, 1024);
  return {
    observedGeneration: request.generation,
    ...(username === '' ? {} : { requester: { username, groups: shown, ...(submittedBy === undefined ? {} : { submittedBy }) } }),
    ...(digest === undefined ? {} : { subjectDigest: digest }),
  };
}

/** Whether nothing can be decided any more. A yes whose release is held back, by a policy that became stricter say, is not over: it shows what is missing. */
const isOver = (facts: Observation, recorded: Outcome, evaluation: Evaluation): boolean =>
  !recorded.approved ||
  withdrawalOf(facts.request.status?.conditions ?? []) !== undefined ||
  !facts.request.governs ||
  !facts.subject.exists ||
  facts.subject.released?.request === facts.request.name ||
  isTrue(facts.request.status?.conditions, 'Released') ||
  decide(facts, evaluation)?.approved === true;

/**
 * Once it is over, what was counted stays as it was; what came later is listed and ignored. Other than that, an override may still be reviewed, and
 * what waits may still be overridden.
 */
function frozen(
  before: ApprovalRequestStatus,
  now: Evaluation,
  mayOverride: boolean,
): Pick<Evaluation, 'policies' | 'stages' | 'decisions'> {
  const known = new Map(before.decisions.map((d) => [d.name, d]));
  const late = (d: DecisionRecord): DecisionRecord => (d.verdict === 'Comment' ? d : { ...d, counted: false, ignoredBecause: 'Settled' });
  const isOpen = ({ verdict }: DecisionRecord): boolean => verdict === 'Review' || (verdict === 'Override' && mayOverride);
  const there = now.decisions.map((d) => (isOpen(d) ? d : (known.get(d.name) ?? late(d))));
  const names = new Set(now.decisions.map((d) => d.name));
  const gone = before.decisions.filter((d) => !names.has(d.name));
  // By time, so that of more decisions than are listed it is always the same that are left out.
  const decisions = [...gone, ...there].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  return { policies: before.policies, stages: before.stages, decisions };
}

function tally(stages: readonly { approvals: number; required: number }[]): string {
  const sum = (key: 'approvals' | 'required') => stages.reduce((total, stage) => total + stage[key], 0);
  return `${sum('approvals')}/${sum('required')}`;
}

function effects(facts: Observation, evaluation: Evaluation, outcome: Outcome | undefined): Effect[] {
  const { subject, request } = facts;
  if (!request.governs || outcome === undefined || !subject.held || subject.ended !== undefined) return [];
  if (!outcome.approved) {
    if (evaluation.policies.some((p) => p.onRefusal === 'Keep')) return [];
    return [refusal(outcome.reason, outcome.message)];
  }
  return mayRelease(facts, evaluation, outcome) && subject.digest !== undefined ? [{ kind: 'release', digest: subject.digest }] : [];
}

/**
 * A recorded yes alone releases nothing: the facts must say yes again, now, about this digest. So a forged status is harmless, a policy that has
 * become stricter bites until the very end, and what was changed after the yes stays held.
 */
function mayRelease(facts: Observation, evaluation: Evaluation, outcome: Outcome): boolean {
  const recorded = facts.request.status?.subjectDigest;
  const unchanged = outcomeOf(facts.request.status?.conditions ?? []) === undefined || recorded === facts.subject.digest;
  const again = decide(facts, evaluation);
  // By what they say now: an override that was taken back opens no window for those who agree instead.
  const inTime = evaluation.gate.open || again?.reason === 'Overridden';
  return outcome.approved && unchanged && again?.approved === true && inTime;
}
