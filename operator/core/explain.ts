import type { ApproverRef, ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { surenessText } from './channels.ts';
import { rfc3339 } from './conditions.ts';
import { deadEnds } from './deadEnds.ts';
import { serviceAccountName } from './eligibility.ts';
import type { Evaluation } from './evaluation.ts';
import { policyName, type Observation } from './facts.ts';
import { mostListed } from './resolve.ts';
import { isOpen, isUndecided } from './stageStates.ts';

/** An entry of `from`, in words: `group finance`, `user cfo@corp`. */
export function describeApprover(entry: ApproverRef): string {
  if (entry.user !== undefined) return `user ${entry.user}`;
  if (entry.group !== undefined) return `group ${entry.group}`;
  if (entry.serviceAccount !== undefined) return serviceAccountName(entry.serviceAccount.namespace, entry.serviceAccount.name);
  return 'whoever may approve under this policy';
}

/** A requirement's list, in words. */
export const describeFrom = (requirement: { readonly from: readonly ApproverRef[] }): string =>
  requirement.from.map(describeApprover).join(' or ');

/** A vote that is still missing. */
export interface MissingVote {
  readonly stage: string;
  readonly count: number;
  readonly from: readonly ApproverRef[];
}

/** The votes that are missing in stages that are open, in order. */
export function missingVotes(stages: readonly ResolvedStage[], isAskedAbout: (stage: ResolvedStage) => boolean = isOpen): MissingVote[] {
  return stages
    .filter(isAskedAbout)
    .flatMap((stage) =>
      linesOf(stage).flatMap(({ count, from, approvedBy = [] }) =>
        approvedBy.length < count ? [{ stage: stage.name, count: count - approvedBy.length, from }] : [],
      ),
    );
}

/** What is still asked: once a stage has escalated and nobody of its own was enough, its escalation. */
function linesOf(
  stage: ResolvedStage,
): readonly { count: number; from: readonly ApproverRef[]; approvedBy?: readonly string[] | undefined }[] {
  return stage.state === 'Escalated' && stage.escalation !== undefined ? [stage.escalation] : stage.require;
}

/** Why nothing is settled yet, in one sentence a person can act on. */
export function describeOpen(evaluation: Evaluation, facts: Observation): string {
  if (facts.subject.fault !== undefined) return `Held: ${facts.subject.fault}`;
  if (facts.missingPolicies.length > 0) return `${describeMissing(facts)} It holds until they are written again; ${askAnew(facts)}.`;
  if (evaluation.verdict === 'NoPolicy') return 'No policy applies, so nobody can agree; it holds.';
  const faults = evaluation.policies.flatMap((p) => (p.fault === undefined ? [] : [`${p.kind} ${p.name}: ${p.fault}`]));
  if (evaluation.verdict === 'Faulty') {
    const broken = `A rule cannot be evaluated, so it holds: ${[...new Set(faults)].join('; ')}.`;
    return evaluation.requester.username === '' ? `${broken} ${whoIsUnknown(facts)}` : broken;
  }
  if (evaluation.verdict === 'Frozen')
    return `It is approved without asking anybody once that is allowed again: ${closedBecause(evaluation)}.`;
  if (evaluation.verdict === 'TooMany') return tooMany(evaluation);
  if (evaluation.verdict === 'NobodyAsked') return 'The policies that apply ask nobody and approve nothing on their own; it holds.';
  if (lacksRequester(evaluation)) return `Nobody may approve it, so it holds: ${whoIsUnknown(facts)}`;
  const open = evaluation.stages.filter((stage) => missingVotes([stage]).length > 0);
  if (open.length === 0) return 'Waiting for what cannot be told yet; it holds.';
  const more = [firstOverride(evaluation), nobodyElse(evaluation, facts), delegatedByRequester(evaluation), failedDelegation(evaluation)];
  return `Waiting for ${open.map(describeStage).join(', ')}.${more.join('')}`;
}

/** The policies that are said to apply and are not there. */
export const describeMissing = ({ missingPolicies }: Observation): string =>
  `These policies apply but do not exist: ${missingPolicies.map((p) => `${p.kind} ${policyName(p)}`).join(', ')}.`;

/** How those that are there are asked in their place. */
function askAnew({ request: { governs, spec } }: Observation): string {
  const { resource } = spec.subject;
  return governs && resource !== undefined ? `or delete ${resource.kind} ${resource.name} and create it again` : 'or ask anew';
}

function tooMany({ policies, stages }: Evaluation): string {
  return (
    `${policies.length} policies with ${stages.length} stages apply, and at most ${mostListed} of either fit, so it holds. ` +
    'Join their stages, or have fewer policies match it and ask anew. One that was changed since this was submitted counts twice.'
  );
}

/** Whether votes are waited for that nobody may give: it is not known who asked, so whoever approved might approve their own work. */
export const lacksRequester = ({ verdict, requester, stages }: Pick<Evaluation, 'verdict' | 'requester' | 'stages'>): boolean =>
  verdict === 'Pending' &&
  requester.username === '' &&
  stages.some((stage) => !stage.separation.requesterMayApprove && missingVotes([stage], isUndecided).length > 0);

function whoIsUnknown({ subject: { runOf } }: Observation): string {
  if (runOf === undefined) return 'It is not known who asked for it. Reject it, and have it asked for anew.';
  return (
    `It is not known who asked for it: the template of CronJob ${runOf} does not say who wrote it. ` +
    'Whoever answers for the template writes it once more; reject or delete this run, and the next is asked for by them.'
  );
}

/** What a stage still lacks: once it has escalated, either of the two lists is enough. */
function describeStage(stage: ResolvedStage): string {
  const votes = (lines: readonly { count: number; from: readonly ApproverRef[] }[]): string =>
    lines.map((m) => `${m.count} of ${describeFrom(m)}`).join(' and ');
  const escalated = stage.state === 'Escalated' && stage.escalation !== undefined;
  const own = stage.require.map((r) => ({ count: r.count - r.approvedBy.length, from: r.from })).filter(({ count }) => count > 0);
  const instead = escalated && own.length > 0 ? `, or instead ${votes(own)}` : '';
  const standIns = (stage.standIns ?? []).map(({ for: gone, user }) => `; ${user} is asked in place of ${gone}`).join('');
  const sureness = surenessText(stage);
  return `${votes(missingVotes([stage]))}${instead} (stage ${stage.name}${escalated ? ', escalated' : ''}${sureness === undefined ? '' : `, ${sureness}`}${standIns})`;
}

function nobodyElse({ stages, requester }: Evaluation, { request }: Observation): string {
  const named = [requester.username, requester.submittedBy, request.requester.username, request.onBehalfOf];
  const requesters = named.filter((name) => name !== undefined);
  return deadEnds(request.name, stages, requesters)
    .slice(0, mostNamed)
    .map((sentence) => ` ${sentence}`)
    .join('');
}

/** One person's override is not enough, but should not go unseen. */
function firstOverride({ decisions }: Evaluation): string {
  const first = decisions.find((d) => d.verdict === 'Override' && d.counted);
  if (first === undefined) return '';
  return ` ${first.approver} overrides (${first.ticket ?? 'no ticket'}); that takes a second person with the verb override.`;
}

/** Somebody was made to believe that they decide here. */
function delegatedByRequester({ decisions }: Evaluation): string {
  const who = [...new Set(decisions.flatMap((d) => (d.ignoredBecause === 'DelegatedByRequester' ? [d.approver] : [])))];
  if (who.length === 0) return '';
  const more = who.length > mostNamed ? ` and ${who.length - mostNamed} others` : '';
  const named = `${who.slice(0, mostNamed).join(', ')}${more}`;
  return ` What ${named} said does not count: the delegation by which they would decide was written by who asked for this, or nobody knows by whom.`;
}

const mostNamed = 3;

/** A delegation that somebody counts on may have a condition that cannot be read. */
function failedDelegation({ failedDelegations = [] }: Evaluation): string {
  const [first, ...others] = [...failedDelegations].sort();
  if (first === undefined) return '';
  return ` ${first}${others.length === 0 ? '' : ` Nor do ${others.length} others for such a reason.`}`;
}

/** Why nothing is let go now, and until when, in words. */
export function closedBecause({ gate }: Pick<Evaluation, 'gate'>): string {
  const until = gate.opensAt === undefined ? '' : `, until ${rfc3339(gate.opensAt)}`;
  return `it is ${gate.because ?? 'not the time'}${until}`;
}
