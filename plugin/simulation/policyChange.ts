import type { ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { evaluate } from '../../operator/core/evaluate.ts';
import type { Evaluation } from '../../operator/core/evaluation.ts';
import { policyKey, type Observation, type PolicyFacts } from '../../operator/core/facts.ts';
import { asksToPin } from '../../operator/core/pins.ts';
import { timeOf } from '../../operator/core/timing.ts';
import { lapseOf, withdrawal } from '../../operator/core/withdrawal.ts';
import { placesOf } from '../explain/who.ts';
import { instant } from '../output/age.ts';
import { isHeldBack, type Request } from '../request.ts';
import { openObservation, type OpenRequest } from './open.ts';
import { titleOf } from './simulated.ts';

/** What a change of policy does to a request. */
export const effects = ['refused', 'stuck', 'tightened', 'loosened', 'unchanged'] as const;
export type ChangeEffect = (typeof effects)[number];

/** One request, and what a change of policy would do to it. */
export interface Changed {
  readonly request: Request;
  /** It is approved, and held all the same; otherwise it is open. */
  readonly heldBack: boolean;
  readonly effect: ChangeEffect;
  /** A sentence each. */
  readonly changes: readonly string[];
  readonly before: Evaluation['verdict'];
  readonly after: Evaluation['verdict'];
}

/** The policies once this one is written: in place of the one of its name, or in addition. */
export function withPolicy(policies: readonly PolicyFacts[], written: PolicyFacts): PolicyFacts[] {
  const others = policies.filter((p) => policyKey(p) !== policyKey(written));
  return [...others, written];
}

/** What a request would become if this policy were written. Pure. */
export function changeOf(open: OpenRequest, policies: readonly PolicyFacts[], written: PolicyFacts, now: number): Changed {
  const before = situationOf(openObservation(open, policies, now));
  const after = situationOf(openObservation(open, withPolicy(policies, written), now));
  const changes = differences(before, after);
  return {
    request: open.request,
    heldBack: isHeldBack(open.request),
    effect: effectOf(before, after, changes),
    changes: changes.map((c) => c.text),
    before: before.evaluation.verdict,
    after: after.evaluation.verdict,
  };
}

/** A request under some policies. */
interface Situation {
  readonly facts: Observation;
  readonly evaluation: Evaluation;
  /** It ends as a no. */
  readonly refused: boolean;
  /** When an approval that its work has not used is no longer good. */
  readonly lapsesAt: number;
}

function situationOf(facts: Observation): Situation {
  const evaluation = evaluate(facts);
  const approvedAt = timeOf(facts.request.status?.approvedAt);
  if (approvedAt === undefined) return { facts, evaluation, refused: refused.includes(evaluation.verdict), lapsesAt: Infinity };
  return {
    facts,
    evaluation,
    // What is approved comes to a no by fewer ways than what is open.
    refused: withdrawal(facts, evaluation, approvedAt) !== undefined,
    lapsesAt: lapseOf(facts, evaluation, approvedAt) ?? Infinity,
  };
}

interface Difference {
  readonly text: string;
  readonly direction: 'stricter' | 'looser' | 'neither';
}

const stuck: readonly Evaluation['verdict'][] = ['Faulty', 'TooMany', 'NobodyAsked', 'NoPolicy'];
const refused: readonly Evaluation['verdict'][] = ['PolicyViolation', 'Rejected', 'Expired'];
const approved: readonly Evaluation['verdict'][] = ['Approved', 'AutoApproved', 'StandingApproval', 'Overridden'];

function effectOf(before: Situation, after: Situation, changes: readonly Difference[]): ChangeEffect {
  if (after.refused && !before.refused) return 'refused';
  if (stuck.includes(after.evaluation.verdict) && !stuck.includes(before.evaluation.verdict)) return 'stuck';
  if (changes.some((c) => c.direction === 'stricter')) return 'tightened';
  return changes.some((c) => c.direction === 'looser') ? 'loosened' : 'unchanged';
}

/** Where a request stands, in words. */
const inWords: Readonly<Record<Evaluation['verdict'], string>> = {
  Pending: 'waiting for people',
  Approved: 'approved',
  AutoApproved: 'approved without asking anybody',
  StandingApproval: 'approved by a standing approval',
  Overridden: 'overridden',
  Frozen: 'waiting until the time is right',
  Faulty: 'held, as a rule cannot be evaluated',
  TooMany: 'held, as more policies or stages apply than fit',
  NobodyAsked: 'held, as nobody is asked',
  NoPolicy: 'held, as no policy applies',
  PolicyViolation: 'refused, as it breaks a policy',
  Rejected: 'rejected',
  Expired: 'expired',
};

const stricter = (text: string): Difference => ({ text, direction: 'stricter' });
const looser = (text: string): Difference => ({ text, direction: 'looser' });

function differences(before: Situation, after: Situation): Difference[] {
  const [was, is] = [before.evaluation, after.evaluation];
  const expiry = (ms: number): string => (ms === Infinity ? "when the operator's own setting says" : moment(ms));
  const lapse = (ms: number): string => (ms === Infinity ? 'for ever' : `until ${moment(ms)}`);
  return [
    ...verdictDifference(was, is),
    ...stageDifferences(was, is),
    ...ruleDifferences(was, is),
    ...pinDifference(before.facts, after.facts),
    ...timeDifference(was.expiresAt, is.expiresAt, (ms, other) => `expires ${expiry(ms)} instead of ${expiry(other)}`),
    ...timeDifference(before.lapsesAt, after.lapsesAt, (ms, other) => `its approval is good ${lapse(ms)} instead of ${lapse(other)}`),
    ...gateDifference(was, is),
  ];
}

const moment = (ms: number): string => instant(new Date(ms).toISOString());

/** Of an end that comes sooner, or later. */
function timeDifference(was: number, is: number, text: (is: number, was: number) => string): Difference[] {
  if (was === is) return [];
  return [is < was ? stricter(text(is, was)) : looser(text(is, was))];
}

function verdictDifference({ verdict: was }: Evaluation, { verdict: is }: Evaluation): Difference[] {
  if (was === is) return [];
  const text = `goes from ${inWords[was]} to ${inWords[is]}`;
  if (approved.includes(is) && !approved.includes(was)) return [looser(text)];
  return approved.includes(was) || refused.includes(is) || stuck.includes(is) ? [stricter(text)] : [{ text, direction: 'neither' }];
}

/** Stages are the same when they ask the same of the same people, whichever version of the policy they come from. */
function stageDifferences(before: Evaluation, after: Evaluation): Difference[] {
  const was = before.stages.filter(isWanted);
  const is = after.stages.filter(isWanted);
  const added = is.filter((stage) => !was.some((other) => sameAsk(other, stage)));
  const removed = was.filter((stage) => !is.some((other) => sameAsk(other, stage)));
  return [
    ...added.map((stage) => stricter(`asks in addition: stage ${stage.name}, ${askText(stage)}`)),
    ...removed.map((stage) => looser(`asks no more: stage ${stage.name}, ${askText(stage)}`)),
  ];
}

const isWanted = (stage: ResolvedStage): boolean => stage.applies !== false && stage.state !== 'Skipped';

const sameAsk = (a: ResolvedStage, b: ResolvedStage): boolean => askKey(a) === askKey(b);

const askKey = ({ name, require, policy, separation, rejections, asSubmitted, timeout }: ResolvedStage): string =>
  JSON.stringify([
    name,
    require.map(({ count, from }) => [count, from]),
    policy?.kind,
    policy?.namespace,
    policy?.name,
    separation,
    rejections,
    asSubmitted,
    timeout,
  ]);

function askText(stage: ResolvedStage): string {
  const missing = placesOf(stage).reduce((sum, place) => sum + Math.max(0, place.missing), 0);
  return `${stage.required} ${stage.required === 1 ? 'approval' : 'approvals'}${missing === 0 ? ', which are there already' : `, ${missing} missing`}`;
}

/** What policies object to, or cannot tell. */
function ruleDifferences(before: Evaluation, after: Evaluation): Difference[] {
  const said = ({ policies }: Evaluation): string[] =>
    policies.flatMap((p) => [
      ...(p.violations ?? []).map((text) => `breaks ${titleOf(p)}: ${text}`),
      ...(p.fault === undefined ? [] : [`cannot be evaluated, ${titleOf(p)}: ${p.fault}`]),
    ]);
  const [was, is] = [new Set(said(before)), new Set(said(after))];
  const risk =
    before.risk?.score === after.risk?.score ? [] : [`risk ${before.risk?.score ?? 'unknown'} becomes ${after.risk?.score ?? 'unknown'}`];
  return [
    ...[...is].filter((text) => !was.has(text)).map(stricter),
    ...[...was].filter((text) => !is.has(text)).map((text) => looser(`no longer ${text}`)),
    ...risk.map((text): Difference => ({ text, direction: 'neither' })),
  ];
}

/** Contents that become part of the digest make another digest, and votes are about the one before. */
function pinDifference({ policies: was, request }: Observation, { policies: is }: Observation): Difference[] {
  const { policies: recorded, approvedAt } = request.status ?? {};
  if (!asksToPin(is, recorded) || asksToPin(was, recorded)) return [];
  const so = approvedAt === undefined ? 'so the votes on it are void and people are asked again' : 'which nobody approved: it stays held';
  return [stricter(`what it refers to becomes part of the digest, ${so}`)];
}

function gateDifference({ gate: was }: Evaluation, { gate: is }: Evaluation): Difference[] {
  if (was.open === is.open && was.opensAt === is.opensAt) return [];
  if (is.open) return [looser('may be let go at this time')];
  const until = is.opensAt === undefined ? '' : ` before ${moment(is.opensAt)}`;
  return [stricter(`is not let go${until}, as it is ${is.because ?? 'not the time'}`)];
}
