import type { Overridden } from '../../crds/v1alpha1/index.ts';
import type { Evaluation } from './evaluation.ts';
import type { DecisionFacts, Observation } from './facts.ts';

/** As many people as it takes. */
const enough = 2;

interface Ballot {
  readonly digest: string | undefined;
  /** Milliseconds since the epoch after which a decision is too late. */
  readonly closesAt: number;
}

/** Why somebody's Override is not counted. */
export type OverrideFault = 'NotQualified' | 'TicketMissing' | 'ReviewOwed' | 'Superseded';

/**
 * Why this Override does not count; undefined when it does. It takes the verb, a ticket, no earlier override whose review is still owed, and that
 * its author did not say no since.
 */
export function overrideFault(decision: DecisionFacts, facts: Observation): OverrideFault | undefined {
  const { approver, groups, ticket, time } = decision;
  if (approver === '' || !facts.permissions.may('override', approver, groups)) return 'NotQualified';
  if (ticket === undefined || ticket.trim() === '') return 'TicketMissing';
  if (facts.reviewsOwed.some((owed) => owed.username === approver && owed.at < time)) return 'ReviewOwed';
  const rejected = facts.decisions.some(
    (d) => d.verdict === 'Reject' && d.approver === approver && d.digest === decision.digest && d.time >= time,
  );
  return rejected ? 'Superseded' : undefined;
}

/** The override of a request: two different people with the verb, each with a ticket, on this digest and in time. */
export function overrideOf(facts: Observation, ballot: Ballot): Overridden | undefined {
  if (ballot.digest === undefined) return undefined;
  const inTime = facts.decisions
    .filter((d) => d.verdict === 'Override' && d.requestUid === facts.request.uid && d.digest === ballot.digest)
    .filter((d) => Date.parse(d.time) <= ballot.closesAt && overrideFault(d, facts) === undefined)
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.uid < b.uid ? -1 : 1));
  const first = new Map<string, DecisionFacts>();
  for (const decision of inTime) if (!first.has(decision.approver)) first.set(decision.approver, decision);
  const [one, two] = [...first.values()];
  if (first.size < enough || one === undefined || two === undefined) return undefined;
  return { by: [one.approver, two.approver], at: two.time, ...(one.ticket === undefined ? {} : { ticket: one.ticket }) };
}

/** The override on record with whoever has reviewed it since: somebody else, who may override or whom a stage asks. */
export function reviewOf(facts: Observation, { reviewers }: Pick<Evaluation, 'reviewers'>): Overridden | undefined {
  const override = facts.request.status?.override;
  if (override === undefined || override.reviewedBy !== undefined) return override;
  const review = facts.decisions
    .filter((d) => isReview(d, override, facts) && reviewers.includes(d.approver))
    .sort((a, b) => (a.time < b.time ? -1 : 1))[0];
  return review === undefined ? override : { ...override, reviewedBy: review.approver, reviewedAt: review.time };
}

const isReview = (d: DecisionFacts, { by }: Overridden, { request }: Observation): boolean =>
  d.verdict === 'Review' &&
  d.requestUid === request.uid &&
  d.approver !== '' &&
  !by.includes(d.approver) &&
  d.digest === request.status?.subjectDigest;
