import { inForce } from './delegation.ts';
import type { Person } from './eligibility.ts';
import type { DecisionFacts, DelegationSeen } from './facts.ts';

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

/**
 * Everybody of whom it may have to be known whether a stage asks them: whoever voted, and whoever might have handed on to them by then. More than the
 * core will find, never fewer: conditions, authors and the length of chains are left to it.
 */
export function askedAbout(decisions: readonly DecisionFacts[], delegations: readonly DelegationSeen[]): Person[] {
  const byTo = new Map<string, DelegationSeen[]>();
  for (const delegation of delegations) {
    const known = byTo.get(delegation.to);
    if (known === undefined) byTo.set(delegation.to, [delegation]);
    else known.push(delegation);
  }
  const people = decisions
    .filter((d) => votes.has(d.verdict))
    .map(({ approver, groups, time }) => ({ approver, groups, at: Date.parse(time) }));
  return [
    ...people.map(({ approver, groups }) => ({ username: approver, groups })),
    ...people.flatMap(({ approver, at }) => handedOnTo(approver, at, byTo)),
  ];
}

function handedOnTo(voter: string, at: number, byTo: ReadonlyMap<string, readonly DelegationSeen[]>): Person[] {
  const found: Person[] = [];
  const met = new Set([voter]);
  for (const person of met) {
    for (const delegation of byTo.get(person) ?? []) {
      if (!inForce(delegation, at)) continue;
      found.push({ username: delegation.from, groups: delegation.groups });
      met.add(delegation.from);
    }
  }
  return found;
}
