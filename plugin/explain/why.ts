import type { ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { conditionOf, outcome, outcomeText, type Request } from '../request.ts';
import { approverText, originText } from './who.ts';

/** Why a request stands where it stands. */
export interface Explanation {
  readonly outcome: 'open' | 'approved' | 'refused';
  /** One sentence. */
  readonly headline: string;
  readonly stages: readonly StageExplanation[];
  /** RFC 3339; absent once settled. */
  readonly expiresAt?: string;
  /** Votes that do not count, and what else is in the way. */
  readonly notes: readonly string[];
}

export interface StageExplanation {
  readonly name: string;
  readonly askedBy: string;
  readonly state: ResolvedStage['state'];
  readonly approvals: number;
  readonly required: number;
  readonly approvedBy: readonly string[];
  readonly rejectedBy: readonly string[];
  readonly missing: readonly Missing[];
  /** Who would fit but cannot fill a place here, and why. */
  readonly excluded: readonly string[];
  readonly deadline?: string;
}

/** So many votes of so many people. */
export interface Missing {
  readonly count: number;
  readonly from: readonly string[];
}

/** Explains a request from its status alone. Pure. */
export function explain(request: Request): Explanation {
  const state = outcome(request);
  const stages = (request.status?.stages ?? []).map((stage, _i, all) => explainStage(stage, all, request));
  const expiresAt = state === 'open' ? request.status?.expiresAt : undefined;
  return {
    outcome: state,
    headline: headline(request, stages),
    stages,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    notes: notes(request),
  };
}

function headline(request: Request, stages: readonly StageExplanation[]): string {
  const { status, spec } = request;
  if (status === undefined) return 'The operator has not looked at it yet; it holds until it has.';
  const approved = conditionOf(request, 'Approved');
  if (outcome(request) !== 'open') return outcomeText(request, 'Approved');
  if (spec.draft) return 'A draft: nobody is asked until spec.draft is false.';
  const valid = conditionOf(request, 'Valid');
  if (valid?.status === 'False') return valid.message;
  if (conditionOf(request, 'PolicyMatched')?.status === 'False' || approved?.reason === 'NobodyAsked') {
    return approved?.message ?? 'No policy applies, so nobody can agree; it holds.';
  }
  const missing = stages.flatMap((s) => s.missing).reduce((sum, m) => sum + m.count, 0);
  if (missing === 0) return approved?.message ?? 'Every stage is satisfied; the operator is about to say so.';
  return `Waiting for ${missing} more ${missing === 1 ? 'approval' : 'approvals'}.`;
}

function explainStage(stage: ResolvedStage, all: readonly ResolvedStage[], request: Request): StageExplanation {
  const open = stage.state === 'Active' || stage.state === 'Waiting';
  const missing = stage.require.flatMap((r) =>
    open && r.approvedBy.length < r.count
      ? [{ count: r.count - r.approvedBy.length, from: r.from.map((entry) => approverText(entry, stage)) }]
      : [],
  );
  return {
    name: stage.name,
    askedBy: originText(stage) + (stage.asSubmitted ? '' : ', as it is now'),
    state: stage.state,
    approvals: stage.approvals,
    required: stage.required,
    approvedBy: stage.require.flatMap((r) => r.approvedBy),
    rejectedBy: stage.rejectedBy ?? [],
    missing,
    excluded: missing.length === 0 ? [] : excluded(stage, all, request),
    ...(stage.deadline === undefined || !open ? {} : { deadline: stage.deadline }),
  };
}

function excluded(stage: ResolvedStage, all: readonly ResolvedStage[], request: Request): string[] {
  const requester = request.status?.requester?.username;
  const barred =
    requester === undefined || stage.separation.requesterMayApprove ? [] : [`${requester}, who asked for it, may not approve it`];
  const shared = stage.separation.distinctAcrossStages ? all.filter((other) => sameOrigin(other, stage)) : [stage];
  const seated = shared.flatMap((other) =>
    other.require.flatMap((r) => r.approvedBy.map((who) => `${who} already fills a place in stage ${other.name}`)),
  );
  return [...barred, ...seated];
}

const sameOrigin = (a: ResolvedStage, b: ResolvedStage): boolean => originText(a) === originText(b) && a.asSubmitted === b.asSubmitted;

function notes(request: Request): string[] {
  const ignored = (request.status?.decisions ?? [])
    .filter((d) => !d.counted && d.verdict !== 'Comment')
    .map((d) => `${d.verdict} by ${d.approver} does not count: ${ignoredText(d.ignoredBecause)}`);
  const released = conditionOf(request, 'Released');
  const stuck = outcome(request) === 'approved' && released?.status === 'False' ? [`Not released: ${released.message}`] : [];
  return [...stuck, ...ignored];
}

const sentences: Readonly<Record<string, string>> = {
  DigestChanged: 'what is asked for was changed after they saw it; they must decide again.',
  NotQualified: 'no stage asks them.',
  Requester: 'they asked for it themselves.',
  Superseded: 'they decided again later.',
  Settled: 'it had been settled before.',
  UidChanged: 'it names another object of the same name.',
  Late: 'it came after the time was up.',
  PlaceTaken: 'others already fill every place they could fill.',
};

/** Why a decision does not count, as a sentence. */
export const ignoredText = (because: string | undefined): string => sentences[because ?? ''] ?? `${because ?? 'no reason was recorded'}.`;
