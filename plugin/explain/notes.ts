import type { DecisionRecord } from '../../crds/v1alpha1/index.ts';
import { cycleText, longestChain, mostPrincipals, type CyclesAndCuts, type DelegationFacts } from '../../operator/core/delegation.ts';
import { policyName } from '../../operator/core/facts.ts';
import { instant } from '../output/age.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { conditionOf, outcome, type Request } from '../request.ts';

/** What is in the way of a request or owed on it, and which votes do not count, a sentence each. */
export function notesOf(request: Request): string[] {
  return [...inTheWay(request), ...overrides(request), ...standing(request), ...votes(request)];
}

function inTheWay(request: Request): string[] {
  const policies = request.status?.policies ?? [];
  const released = conditionOf(request, 'Released');
  const said = (what: string, of: (policy: (typeof policies)[number]) => readonly string[]): string[] => [
    ...new Set(policies.flatMap((policy) => of(policy).map((text) => `${what} ${policy.kind} ${policyName(policy)}: ${text}`))),
  ];
  return [
    ...(outcome(request) === 'approved' && released?.status === 'False' ? [`Not released: ${released.message}`] : []),
    ...said('Breaks', ({ violations = [] }) => violations),
    ...said('Cannot be evaluated,', ({ fault }) => (fault === undefined ? [] : [fault])),
  ];
}

function overrides(request: Request): string[] {
  const overridden = request.status?.override;
  if (overridden === undefined) {
    const first = request.status?.decisions.find((d) => d.verdict === 'Override' && d.counted);
    if (first === undefined || outcome(request) === 'refused') return [];
    return [`${first.approver} overrides (${first.ticket ?? 'no ticket'}); it takes a second person with the verb override.`];
  }
  const { by, ticket, at, reviewedBy, reviewedAt } = overridden;
  const what = `Overridden by ${by.join(' and ')}${ticket === undefined ? '' : ` (${ticket})`} at ${instant(at)}`;
  return reviewedBy === undefined
    ? [`${what}; a review is owed, and until then neither may override again: kubectl approve review ${request.name}`]
    : [`${what}; reviewed by ${reviewedBy}${reviewedAt === undefined ? '' : ` at ${instant(reviewedAt)}`}.`];
}

function standing(request: Request): string[] {
  const { standing: agreed, approvedUnder } = request.status ?? {};
  const covered = approvedUnder === undefined ? [] : [`Covered by the standing approval of ${approvedUnder}.`];
  if (agreed === undefined) return covered;
  const left = agreed.runs - agreed.uses.length;
  const what = `Standing approval of ${agreed.runs} further runs of ${agreed.covers} until ${instant(agreed.until)}`;
  const end =
    agreed.revokedBy === undefined ? `${left} left; end it with kubectl approve revoke ${request.name}` : `revoked by ${agreed.revokedBy}`;
  return [...covered, `${what}${usedText(agreed.uses)}: ${end}.`];
}

const mostUses = 5;

/** Which requests it has approved, the last of them by name. */
function usedText(uses: readonly { readonly request: string }[]): string {
  if (uses.length === 0) return '';
  const earlier = uses.length > mostUses ? `${uses.length - mostUses} earlier and ` : '';
  return `, used by ${earlier}${uses
    .slice(-mostUses)
    .map((use) => use.request)
    .join(', ')}`;
}

function votes(request: Request): string[] {
  return (request.status?.decisions ?? [])
    .filter((d) => !d.counted && d.verdict !== 'Comment')
    .map((d) => `${d.verdict} by ${byText(d)} does not count: ${ignoredText(d)}`);
}

const mostCircles = 5;

/** What is unusual about who decides in whose stead, a sentence each. */
export function delegationNotes(
  { cycles, cut }: CyclesAndCuts,
  uncounted: readonly Pick<DelegationFacts, 'name' | 'from' | 'author'>[] = [],
  failed: readonly string[] = [],
): string[] {
  const more = cycles.length > mostCircles ? [`Delegations lead in ${cycles.length - mostCircles} more circles.`] : [];
  const most = `chains of ${longestChain} delegations, and ${mostPrincipals} people for each`;
  return [
    ...cycles
      .slice(0, mostCircles)
      .map((cycle) => `Delegations lead in a circle: ${oneLine(cycleText(cycle))}; each decides for the others, once.`),
    ...more,
    ...cut.slice(0, mostCircles).map((name) => `More delegations lead to ${oneLine(name)} than are followed: at most ${most}.`),
    ...failed.slice(0, mostCircles).map(oneLine),
    ...(failed.length > mostCircles ? [`Nor do ${failed.length - mostCircles} more delegations, as their when cannot be read.`] : []),
    ...uncounted.slice(0, mostCircles).map(uncountedText),
    ...(uncounted.length > mostCircles ? [`Nor do ${uncounted.length - mostCircles} more delegations count.`] : []),
  ];
}

function uncountedText({ name, from, author }: Pick<DelegationFacts, 'name' | 'from' | 'author'>): string {
  const why =
    author === '' ? 'nobody knows who wrote it' : `${oneLine(author)}, who asked for it, wrote it in the name of ${oneLine(from)}`;
  return `Delegation ${name} does not count for this request: ${why}.`;
}

/** Who decided, and in whose stead. */
export const byText = ({ approver, onBehalfOf }: Pick<DecisionRecord, 'approver' | 'onBehalfOf'>): string =>
  onBehalfOf === undefined ? approver : `${approver} for ${onBehalfOf}`;

const sentences: Readonly<Record<string, string>> = {
  DigestChanged: 'what is asked for was changed after they saw it; they must decide again.',
  NotQualified: 'no stage asks them.',
  DelegatedByRequester: 'the delegation by which they would decide was written by who asked for it, or nobody knows by whom.',
  Requester: 'they asked for it themselves.',
  Superseded: 'they decided again later.',
  Settled: 'it had been settled before.',
  UidChanged: 'it names another object of the same name.',
  Comment: 'it decides nothing.',
  Late: 'it came after the time was up.',
  ChannelTooWeak: 'it came by a channel that is too weak for the stages that ask them; they must decide again by a surer one.',
  PlaceTaken: 'others already fill every place they could fill.',
  NotAllowed: 'they lack the verb that it takes, or the policy does not allow whom they name.',
  TicketMissing: 'a ticket is required, and theirs is missing or not of the form that the policy wants.',
  ReasonMissing: 'a reason is required, and theirs is missing or not of the form that the policy wants.',
  AnswersMissing: 'a question that must be answered has no answer, or a wrong one.',
  ReviewOwed: 'earlier overrides, theirs or many of the namespace, have not been reviewed yet.',
  NotOverridden: 'nobody had overridden it.',
  OwnOverride: 'they overrode it themselves; somebody else must review that.',
  ReviewedBefore: 'somebody had reviewed the override before.',
  NotGone: 'who was to be replaced has decided themselves.',
};

/** Why a decision does not count, as a sentence. */
export function ignoredText({ verdict, ignoredBecause: because }: Pick<DecisionRecord, 'verdict' | 'ignoredBecause'>): string {
  if (verdict === 'Review' && because === 'NotQualified') return 'no stage asks them, and they have not the verb override.';
  return sentences[because ?? ''] ?? `${because ?? 'no reason was recorded'}.`;
}
