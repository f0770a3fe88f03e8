import { inForce } from './delegation.ts';
import type { Person } from './eligibility.ts';
import type { DecisionFacts, DelegationSeen } from './facts.ts';
import { groupedBy } from './groupedBy.ts';

/**
 * The decisions whose authors' rights can change anything. A comment never does, and nothing that was said of another digest does either, but for a no,
 * which may end a standing approval, and a review.
 */
export const thatMatter = (decisions: readonly DecisionFacts[], digest: string | undefined): DecisionFacts[] =>
  decisions.filter(
    (d) => d.verdict === 'Reject' || d.verdict === 'Review' || (d.verdict !== 'Comment' && digest !== undefined && d.digest === digest),
  );

/** Verdicts that a stage must ask for; the others take a verb of their own. */
const votes: ReadonlySet<DecisionFacts['verdict']> = new Set(['Approve', 'Reject', 'Review']);

/** Everybody of whom it may have to be known whether a stage asks them: whoever voted, and whoever might have handed on to them by then. */
export const askedAbout = (decisions: readonly DecisionFacts[], delegations: readonly DelegationSeen[]): Person[] => [
  ...votersOf(decisions).map(({ approver, groups }) => ({ username: approver, groups })),
  ...mayLead(decisions, delegations).map(({ from, groups }) => ({ username: from, groups })),
];

/** Whether it may hang on the governed object who decides in whose stead. */
export const delegationsReadObject = (decisions: readonly DecisionFacts[], delegations: readonly DelegationSeen[]): boolean =>
  delegations.some(readsObject) && mayLead(decisions, delegations).some(readsObject);

const readsObject = ({ when }: DelegationSeen): boolean => when !== undefined && when !== 'faulty' && when.uses.has('object');

/**
 * The delegations that may lead to somebody who voted. More than the core will follow, never fewer: conditions, authors and the length of chains are left
 * to it.
 */
function mayLead(decisions: readonly DecisionFacts[], delegations: readonly DelegationSeen[]): DelegationSeen[] {
  const byTo = groupedBy(delegations, ({ to }) => to);
  return votersOf(decisions).flatMap(({ approver, time }) => handedOnTo(approver, Date.parse(time), byTo));
}

const votersOf = (decisions: readonly DecisionFacts[]): DecisionFacts[] => decisions.filter((d) => votes.has(d.verdict));

function handedOnTo(voter: string, at: number, byTo: ReadonlyMap<string, readonly DelegationSeen[]>): DelegationSeen[] {
  const found: DelegationSeen[] = [];
  const met = new Set([voter]);
  for (const person of met) {
    for (const delegation of byTo.get(person) ?? []) {
      if (!inForce(delegation, at)) continue;
      found.push(delegation);
      met.add(delegation.from);
    }
  }
  return found;
}
