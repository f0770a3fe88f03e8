import type { ResolvedStage, RiskScore } from '../../crds/v1alpha1/index.ts';
import { deadEnds } from '../../operator/core/deadEnds.ts';
import { surenessText } from '../../operator/core/channels.ts';
import { isOpen, isUndecided } from '../../operator/core/stageStates.ts';
import { conditionOf, outcome, outcomeText, type Request } from '../request.ts';
import { nobodyDelegated, type Delegated } from './deputies.ts';
import { delegationNotes, notesOf } from './notes.ts';
import { approverText, deputyTexts, originText, placesOf } from './who.ts';

export { ignoredText } from './notes.ts';

/** Why a request stands where it stands. */
export interface Explanation {
  readonly outcome: 'open' | 'approved' | 'refused';
  /** One sentence. */
  readonly headline: string;
  readonly risk?: RiskScore;
  readonly stages: readonly StageExplanation[];
  /** RFC 3339; absent once settled. */
  readonly expiresAt?: string;
  /** What time alone will do next; absent once settled. */
  readonly next?: Deadline;
  /** RFC 3339: before this nothing is let go, whoever agrees. */
  readonly earliestRelease?: string;
  /** Votes that do not count, and what else is in the way. */
  readonly notes: readonly string[];
}

/** A moment at which something happens by itself. */
export interface Deadline {
  /** RFC 3339. */
  readonly at: string;
  readonly what: string;
}

export interface StageExplanation {
  readonly name: string;
  readonly askedBy: string;
  readonly state: ResolvedStage['state'];
  /** By which channels an approval counts, where that is unusual. */
  readonly sureness?: string;
  /** It was not satisfied: an override has set it aside. */
  readonly overridden?: boolean;
  readonly approvals: number;
  readonly required: number;
  readonly approvedBy: readonly string[];
  readonly rejectedBy: readonly string[];
  /** All of these; where the stage has escalated, either its own or those of the escalation. */
  readonly missing: readonly Missing[];
  /** Who would fit but cannot fill a place here, and why. */
  readonly excluded: readonly string[];
  /** Who is asked in place of whom. */
  readonly standIns: readonly string[];
  readonly deadline?: string;
  /** What happens then. */
  readonly onTimeout?: string;
  readonly escalatedAt?: string;
}

/** So many votes of so many people. */
export interface Missing {
  readonly count: number;
  readonly from: readonly string[];
  /** Who may give them in somebody's stead. */
  readonly inStead?: readonly string[];
  /** Asked because the stage's own people were out of time; enough in their place. */
  readonly escalated?: boolean;
}

/** Explains a request from its status, and from who may decide for whom, where that is known. Pure. */
export function explain(request: Request, delegated: Delegated = nobodyDelegated): Explanation {
  const state = outcome(request);
  const status = request.status;
  const stages = (status?.stages ?? []).map((stage, i, all) => explainStage(stage, i, all, request, delegated));
  const expiresAt = state === 'open' ? status?.expiresAt : undefined;
  const next = state === 'open' ? nextOf(status?.stages ?? [], expiresAt) : undefined;
  return {
    outcome: state,
    headline: headline(request, stages),
    ...(status?.risk === undefined ? {} : { risk: status.risk }),
    stages,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(next === undefined ? {} : { next }),
    ...(status?.earliestRelease === undefined || !waits(request) ? {} : { earliestRelease: status.earliestRelease }),
    notes: [
      ...notesOf(request),
      ...(waits(request) ? deadEndNotes(request) : []),
      ...(waits(request) ? aboutDelegations(request, delegated) : []),
    ],
  };
}

function aboutDelegations(request: Request, delegated: Delegated): string[] {
  // Before looking for circles, which asks for those as well that lead from nobody who is wanted here.
  const failed = delegated.failed(request);
  return delegationNotes(delegated.cyclesAndCuts(request), delegated.uncounted(request), failed);
}

function deadEndNotes({ name, status }: Request): string[] {
  const { username, submittedBy } = status?.requester ?? {};
  const requesters = [username, submittedBy].filter((who) => who !== undefined);
  return deadEnds(name, status?.stages ?? [], requesters);
}

/** Whether anybody's vote may still matter: people decide, or what they agreed to is still held. */
function waits(request: Request): boolean {
  const state = outcome(request);
  const isHeld = request.governs && conditionOf(request, 'Released')?.status !== 'True' && request.status?.override === undefined;
  return state === 'open' || (state === 'approved' && isHeld);
}

function headline(request: Request, stages: readonly StageExplanation[]): string {
  const { status, spec } = request;
  if (status === undefined) return 'The operator has not looked at it yet; it holds until it has.';
  const approved = conditionOf(request, 'Approved');
  if (outcome(request) !== 'open') return outcomeText(request, 'Approved');
  if (spec.draft) return 'A draft: nobody is asked until spec.draft is false.';
  const valid = conditionOf(request, 'Valid');
  if (valid?.status === 'False') return valid.message;
  // Where not people but something else is waited for, the operator has said what.
  if (conditionOf(request, 'PolicyMatched')?.status === 'False' || (approved?.status === 'Unknown' && approved.reason !== 'Reviewing')) {
    return approved?.message ?? 'No policy applies, so nobody can agree; it holds.';
  }
  const missing = stages.reduce((sum, stage) => sum + fewest(stage), 0);
  if (missing === 0) return approved?.message ?? 'Every stage is satisfied; the operator is about to say so.';
  return `Waiting for ${missing} more ${missing === 1 ? 'approval' : 'approvals'}.`;
}

/** The votes that are enough: once a stage has escalated, those of its own people or those of the escalation. */
function fewest({ missing }: StageExplanation): number {
  const sum = (list: readonly Missing[]): number => list.reduce((total, m) => total + m.count, 0);
  const instead = missing.filter((m) => m.escalated === true);
  const own = sum(missing.filter((m) => m.escalated !== true));
  return instead.length === 0 ? own : Math.min(own, sum(instead));
}

function explainStage(
  stage: ResolvedStage,
  index: number,
  all: readonly ResolvedStage[],
  request: Request,
  delegated: Delegated,
): StageExplanation {
  // What is over wants nobody's vote any more, even where an override has left stages open.
  const open = isUndecided(stage) && waits(request);
  // Who may decide for whom is compared with the names as they are stored, not as they are shown.
  const stored = request.stored.status?.stages[index] ?? stage;
  const places = placesOf(stored);
  const sureness = surenessText(stage);
  const missing = placesOf(stage).flatMap((place, i): Missing[] => {
    if (!open || place.missing <= 0) return [];
    const inStead = deputyTexts(places[i]?.from ?? [], request, delegated);
    return [
      {
        count: place.missing,
        from: place.from.map((entry) => approverText(entry, stage, delegated)),
        ...(inStead.length === 0 ? {} : { inStead }),
        ...(place.escalated ? { escalated: true } : {}),
      },
    ];
  });
  return {
    name: stage.name,
    askedBy: originText(stage) + (isSince(stage, all) ? ', as it is now' : ''),
    state: stage.state,
    ...(sureness === undefined ? {} : { sureness }),
    ...(isUndecided(stage) && request.status?.override !== undefined ? { overridden: true } : {}),
    approvals: stage.approvals,
    required: stage.required,
    approvedBy: [...stage.require.flatMap((r) => r.approvedBy), ...(stage.escalation?.approvedBy ?? [])],
    rejectedBy: stage.rejectedBy ?? [],
    missing,
    excluded: missing.length === 0 ? [] : excluded(stage, all, request),
    standIns: (stage.standIns ?? []).map((s) => `${s.user} is asked in place of ${s.for}, said ${s.by}`),
    ...(stage.deadline === undefined || !open ? {} : { deadline: stage.deadline, onTimeout: timeoutText(stage) }),
    ...(stage.escalatedAt === undefined || !open ? {} : { escalatedAt: stage.escalatedAt }),
  };
}

function timeoutText({ state, onTimeout = 'Expire' }: ResolvedStage): string {
  if (onTimeout === 'Reject') return 'it is rejected';
  return onTimeout === 'Escalate' && state !== 'Escalated' ? 'its escalation is asked as well' : 'it expires';
}

/** The next moment at which time alone changes something. */
function nextOf(stages: readonly ResolvedStage[], expiresAt: string | undefined): Deadline | undefined {
  const deadlines = stages.flatMap((stage): Deadline[] =>
    isOpen(stage) && stage.deadline !== undefined
      ? [{ at: stage.deadline, what: `the time of stage ${stage.name} is over, and ${timeoutText(stage)}` }]
      : [],
  );
  const all = [...deadlines, ...(expiresAt === undefined ? [] : [{ at: expiresAt, what: 'it expires' }])];
  return all.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))[0];
}

function excluded(stage: ResolvedStage, all: readonly ResolvedStage[], request: Request): string[] {
  const { username, submittedBy } = request.status?.requester ?? {};
  const barred = stage.separation.requesterMayApprove
    ? []
    : [
        username === undefined
          ? 'anybody: it is not known who asked for it, and whoever asked may not approve it'
          : `${username}, who asked for it, may not approve it`,
        ...(submittedBy === undefined ? [] : [`${submittedBy}, who submitted it, may not approve it`]),
      ];
  const shared = stage.separation.distinctAcrossStages ? all.filter((other) => sameOrigin(other, stage)) : [stage];
  const seated = shared.flatMap((other) =>
    [...other.require.flatMap((r) => r.approvedBy), ...(other.escalation?.approvedBy ?? [])].map(
      (who) => `${who} already fills a place in stage ${other.name}`,
    ),
  );
  return [...barred, ...seated];
}

/** Asked for since the request was submitted. Where nothing was asked then, as no rule could be evaluated say, there is no difference to tell. */
const isSince = (stage: ResolvedStage, all: readonly ResolvedStage[]): boolean =>
  !stage.asSubmitted && all.some((other) => other.asSubmitted);

const sameOrigin = (a: ResolvedStage, b: ResolvedStage): boolean => originText(a) === originText(b) && a.asSubmitted === b.asSubmitted;
