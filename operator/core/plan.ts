import type { ApprovalRequestStatus, Condition, DecisionRecord } from '../../crds/v1alpha1/index.ts';
import { rfc3339, says, withStatements, type Statement } from './conditions.ts';
import { evaluate, type Evaluation } from './evaluate.ts';
import { describeOpen } from './explain.ts';
import type { Observation } from './facts.ts';
import { decide, outcomeOf, type Outcome } from './outcome.ts';
import { phaseOf } from './phases.ts';

/** What is still owed to the world, each on its own evidence. */
export type Effect =
  /** Let the subject go, if it still has this digest. */
  | { readonly kind: 'release'; readonly digest: string }
  /** End the held subject as failed. */
  | { readonly kind: 'refuse'; readonly reason: string; readonly message: string };

export interface Plan {
  readonly status: ApprovalRequestStatus;
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

function planDraft({ request, now, subject }: Observation): Plan {
  const statements = [
    says('Approved', 'Unknown', 'Draft', 'A draft: nobody is asked until spec.draft is false.'),
    ...kstatus('Reconciling', 'Draft', 'A draft: nobody is asked until spec.draft is false.'),
  ];
  const conditions = withStatements(request.status?.conditions ?? [], statements, { now, generation: request.generation });
  return { status: { ...base(request, subject.digest), phase: 'Draft', policies: [], stages: [], decisions: [], conditions }, after: [] };
}

function planSubmitted(facts: Observation): Plan {
  const evaluation = evaluate(facts);
  const before = facts.request.status;
  const recorded = outcomeOf(before?.conditions ?? []);
  const outcome = recorded ?? decide(facts, evaluation);
  const conditions = withStatements(before?.conditions ?? [], statementsFor(facts, evaluation, outcome), {
    now: facts.now,
    generation: facts.request.generation,
  });
  const shown =
    before !== undefined && recorded !== undefined && isOver(facts, recorded, evaluation) ? frozen(before, evaluation) : evaluation;
  const digest = recorded === undefined ? facts.subject.digest : before?.subjectDigest;
  const status: ApprovalRequestStatus = {
    ...base(facts.request, digest),
    phase: phaseOf(conditions, { draft: false, someoneAsked: evaluation.verdict === 'Pending' }),
    submittedAt: rfc3339(evaluation.submittedAt),
    expiresAt: recorded === undefined ? rfc3339(evaluation.expiresAt) : (before?.expiresAt ?? rfc3339(evaluation.expiresAt)),
    approvals: tally(shown.stages),
    policies: [...shown.policies].slice(0, 64),
    stages: [...shown.stages].slice(0, 64),
    decisions: listed(shown.decisions.filter((d) => d.approver !== '')),
    conditions,
  };
  return {
    status,
    after: effects(facts, evaluation, outcome),
    ...(outcome === undefined ? { wakeAt: evaluation.nextDeadline } : {}),
  };
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
function base(request: Observation['request'], digest: string | undefined) {
  const { username, groups } = request.requester;
  const shown = groups.filter((group) => group.length > 0 && group.length <= 512).slice(0, 1024);
  return {
    observedGeneration: request.generation,
    ...(username === '' ? {} : { requester: { username, groups: shown } }),
    ...(digest === undefined ? {} : { subjectDigest: digest }),
  };
}

/** Whether nothing can be decided any more. A yes whose release is held back, by a policy that became stricter say, is not over: it shows what is missing. */
const isOver = (facts: Observation, recorded: Outcome, evaluation: Evaluation): boolean =>
  !recorded.approved ||
  !facts.request.governs ||
  !facts.subject.exists ||
  facts.subject.released?.request === facts.request.name ||
  isTrue(facts.request.status?.conditions, 'Released') ||
  decide(facts, evaluation)?.approved === true;

/** Once it is over, what was counted stays as it was; what came later is listed and ignored. */
function frozen(before: ApprovalRequestStatus, now: Evaluation): Pick<Evaluation, 'policies' | 'stages' | 'decisions'> {
  const known = new Map(before.decisions.map((d) => [d.name, d]));
  const late = (d: DecisionRecord): DecisionRecord => ({
    ...d,
    counted: false,
    ignoredBecause: d.verdict === 'Comment' ? 'Comment' : 'Settled',
  });
  const there = now.decisions.map((d) => known.get(d.name) ?? late(d));
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
    return [{ kind: 'refuse', reason: `Approval${outcome.reason}`, message: outcome.message }];
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
  return outcome.approved && unchanged && again?.approved === true;
}

function statementsFor(facts: Observation, evaluation: Evaluation, outcome: Outcome | undefined): Statement[] {
  return [
    ...validity(facts, evaluation),
    approval(evaluation, facts, outcome),
    ...(outcome === undefined ? [] : [says('Settled', 'True', 'Settled', outcome.message)]),
    ...progress(facts, evaluation, outcome),
  ];
}

function validity(facts: Observation, evaluation: Evaluation): Statement[] {
  const { fault } = facts.subject;
  const valid =
    fault === undefined
      ? says('Valid', 'True', 'Accepted', 'The request can be understood.')
      : says('Valid', 'False', 'InvalidSpec', `It holds until this is mended: ${fault}`);
  const missing = facts.missingPolicies.map((p) => p.name).join(', ');
  const matched =
    evaluation.verdict === 'NoPolicy'
      ? says(
          'PolicyMatched',
          'False',
          'NoPolicy',
          missing === '' ? 'No policy applies, so nobody can agree.' : `These policies apply but do not exist: ${missing}.`,
        )
      : says('PolicyMatched', 'True', 'PoliciesMatched', `Asked by ${[...new Set(evaluation.policies.map((p) => p.name))].join(', ')}.`);
  return [valid, matched];
}

function approval(evaluation: Evaluation, facts: Observation, outcome: Outcome | undefined): Statement {
  if (outcome !== undefined) return says('Approved', outcome.approved ? 'True' : 'False', outcome.reason, outcome.message);
  const reason = evaluation.verdict === 'NoPolicy' ? 'NoPolicy' : evaluation.verdict === 'NobodyAsked' ? 'NobodyAsked' : 'Reviewing';
  return says('Approved', 'Unknown', reason, describeOpen(evaluation, facts));
}

/** Released and Completed, and what generic tools read: Ready, Reconciling, Stalled. */
function progress(facts: Observation, evaluation: Evaluation, outcome: Outcome | undefined): Statement[] {
  const { subject, request } = facts;
  const wasReleased = isTrue(request.status?.conditions, 'Released');
  const released = subject.released?.request === request.name || wasReleased;
  if (outcome === undefined) {
    const waiting = describeOpen(evaluation, facts);
    return [...(request.governs ? [says('Released', 'False', 'Held', waiting)] : []), ...kstatus('Reconciling', 'Reviewing', waiting)];
  }
  if (!outcome.approved) {
    return [
      ...(request.governs && !wasReleased ? [says('Released', 'False', outcome.reason, outcome.message)] : []),
      ...kstatus('Stalled', outcome.reason, outcome.message),
    ];
  }
  if (!request.governs) return kstatus('Ready', outcome.reason, outcome.message);
  if (!released && !subject.exists) {
    const never = unreleased(facts, evaluation);
    return [
      says('Released', 'False', 'SubjectGone', never),
      says('Completed', 'True', 'SubjectGone', never),
      ...kstatus('Stalled', 'SubjectGone', never),
    ];
  }
  if (!released)
    return [
      says('Released', 'False', 'Held', unreleased(facts, evaluation)),
      ...kstatus('Reconciling', 'Held', unreleased(facts, evaluation)),
    ];
  return [
    says('Released', 'True', 'Released', 'What was approved was let go.'),
    ...completion(facts),
    ...kstatus('Ready', outcome.reason, outcome.message),
  ];
}

function unreleased(facts: Observation, evaluation: Evaluation): string {
  if (!facts.subject.exists) return 'It was approved, but what was approved does not exist any more.';
  if (
    facts.subject.digest !== facts.request.status?.subjectDigest &&
    facts.request.status !== undefined &&
    isTrue(facts.request.status.conditions, 'Settled')
  )
    return 'It was approved, but has been changed since; it stays held.';
  if (facts.request.spec.cancelled) return 'It was approved, and cancelled before it was let go; it stays held.';
  return decide(facts, evaluation)?.approved === true
    ? 'About to be let go.'
    : `It was approved, but a policy has become stricter since; it stays held until that is satisfied too. ${describeOpen(evaluation, facts)}`;
}

function completion({ subject, request }: Observation): Statement[] {
  if (isTrue(request.status?.conditions, 'Completed')) return [];
  if (subject.ended !== undefined) {
    return [says('Completed', 'True', subject.ended.succeeded ? 'Succeeded' : 'Failed', subject.ended.message)];
  }
  if (!subject.exists) return [says('Completed', 'True', 'SubjectGone', 'It was deleted before anybody saw it end.')];
  return [says('Completed', 'False', 'Running', 'It has been let go and has not ended.')];
}

/** Exactly one of the three is True, as kstatus wants it. */
function kstatus(which: 'Ready' | 'Reconciling' | 'Stalled', reason: Statement['reason'], message: string): Statement[] {
  return (['Ready', 'Reconciling', 'Stalled'] as const).map((type) => says(type, type === which ? 'True' : 'False', reason, message));
}

const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
