import type { DecisionRecord, Overridden } from '../../crds/v1alpha1/index.ts';
import { isTooWeak } from './channels.ts';
import type { DecisionFacts, Observation } from './facts.ts';
import type { Ballot } from './votes.ts';
import { byTime } from './order.ts';

/** Why somebody's Override is not counted. */
export type OverrideFault = 'DigestChanged' | 'Late' | 'NotAllowed' | 'TicketMissing' | 'ReviewOwed' | 'Superseded' | 'ChannelTooWeak';

/**
 * Why this Override does not count; undefined when it does. It takes the verb, somebody who signed in, a ticket, no earlier override whose review is still owed, and that
 * its author did not say no since; and it is about what would run now, in time.
 */
export function overrideFault(decision: DecisionFacts, facts: Observation, ballot: Ballot): OverrideFault | undefined {
  const { approver, groups, ticket, time } = decision;
  if (ballot.digest === undefined || decision.digest !== ballot.digest || isBefore(ballot, time)) return 'DigestChanged';
  if (approver === '' || !facts.permissions.may('override', approver, groups)) return 'NotAllowed';
  if (isTooWeak(decision.via)) return 'ChannelTooWeak';
  if (ticket === undefined || ticket.trim() === '') return 'TicketMissing';
  if (owesReview(decision, facts)) return 'ReviewOwed';
  // Written so that a time that cannot be read is late as well.
  if (!(Date.parse(time) <= ballot.closesAt)) return 'Late';
  const rejected = facts.decisions.some(
    (d) => d.verdict === 'Reject' && d.approver === approver && d.digest === decision.digest && d.time >= time,
  );
  return rejected ? 'Superseded' : undefined;
}

/**
 * Most overrides of one namespace that wait for their review. They are kept until somebody has looked at them, however old they are, so what may be
 * kept for ever is limited where it comes in: beyond this many nobody overrides anything there, and none of them is pushed out by others.
 */
export const mostUnreviewed = 1_000;

/**
 * Whether other overrides must be reviewed first: any by the same person, or too many in the namespace. Which of them was said first does not matter,
 * only which is on record: that one counts, and the others wait for its review.
 */
function owesReview({ approver }: DecisionFacts, { reviewsOwed, request }: Observation): boolean {
  if (request.status?.override?.by.includes(approver) === true) return false;
  return (
    reviewsOwed.some(({ by }) => by.includes(approver)) ||
    reviewsOwed.filter(({ namespace }) => namespace === request.namespace).length >= mostUnreviewed
  );
}

/** The API server writes times to the second. */
const oneSecond = 1_000;

const isBefore = ({ opensAt }: Ballot, time: string): boolean => opensAt !== undefined && Date.parse(time) < opensAt - oneSecond;

/** The override of a request: two different people with the verb, each with a ticket, on this digest and in time. */
export function overrideOf(facts: Observation, ballot: Ballot): Overridden | undefined {
  const counted = facts.decisions
    .filter((d) => d.verdict === 'Override' && d.requestUid === ballot.requestUid && overrideFault(d, facts, ballot) === undefined)
    .sort(byTime);
  const first = new Map<string, DecisionFacts>();
  for (const decision of counted) if (!first.has(decision.approver)) first.set(decision.approver, decision);
  const [one, two] = [...first.values()];
  if (one === undefined || two === undefined) return undefined;
  return { by: [one.approver, two.approver], at: two.time, ...(one.ticket === undefined ? {} : { ticket: one.ticket }) };
}

/** Why somebody's Review is not the one that an override was owed. */
export type ReviewFault = 'NotOverridden' | 'DigestChanged' | 'OwnOverride' | 'NotQualified' | 'ReviewedBefore' | 'ChannelTooWeak';

/**
 * Why each Review does not count, by the uid of the decision; those that do are not in it: the first by somebody else than whoever overrode, who may
 * override or whom a stage asks (`mayReview`).
 */
export function reviewFaults(facts: Observation, mayReview: (decision: DecisionFacts) => boolean): ReadonlyMap<string, ReviewFault> {
  const { request, decisions } = facts;
  const reviews = decisions.filter((d) => d.verdict === 'Review' && d.requestUid === request.uid).sort(byTime);
  const faults = new Map<string, ReviewFault>();
  let counted = request.status?.override?.reviewedBy !== undefined;
  for (const review of reviews) {
    const fault = isOnRecord(review, facts) ? undefined : (ownFault(review, facts, mayReview) ?? (counted ? 'ReviewedBefore' : undefined));
    if (fault === undefined) counted = true;
    else faults.set(review.uid, fault);
  }
  return faults;
}

/** What was once taken for the review stays it, whatever its author may do by now. */
const isOnRecord = ({ approver, time }: DecisionFacts, { request }: Observation): boolean =>
  request.status?.override?.reviewedBy === approver && request.status.override.reviewedAt === time;

function ownFault(d: DecisionFacts, { request }: Observation, mayReview: (decision: DecisionFacts) => boolean): ReviewFault | undefined {
  const { override, subjectDigest } = request.status ?? {};
  if (override === undefined || d.time < override.at) return 'NotOverridden';
  if (d.digest !== subjectDigest) return 'DigestChanged';
  if (override.by.includes(d.approver)) return 'OwnOverride';
  if (isTooWeak(d.via)) return 'ChannelTooWeak';
  return d.approver === '' || !mayReview(d) ? 'NotQualified' : undefined;
}

/** The override on record, with whoever has reviewed it since. */
export function withReview(override: Overridden, decisions: readonly DecisionRecord[]): Overridden {
  if (override.reviewedBy !== undefined) return override;
  const review = decisions.find((d) => d.verdict === 'Review' && d.counted);
  return review === undefined ? override : { ...override, reviewedBy: review.approver, reviewedAt: review.time };
}
