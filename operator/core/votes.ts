import type { IgnoredBecause } from '../../crds/v1alpha1/index.ts';
import type { DecisionFacts } from './facts.ts';

/** Why a decision is not among those that are weighed, or undefined when it is. */
export type VoteFault = Extract<IgnoredBecause, 'UidChanged' | 'DigestChanged' | 'Superseded' | 'Late' | 'Comment'>;

export interface Vote {
  readonly decision: DecisionFacts;
  /** Since when its author has said so without a break, in milliseconds since the epoch: saying it again loses no time. */
  readonly since: number;
  readonly fault?: VoteFault;
}

interface Ballot {
  readonly requestUid: string;
  /** Of what would run now; undefined when that is not known, and then nothing counts. */
  readonly digest: string | undefined;
  /** Milliseconds since the epoch after which a decision is too late. */
  readonly closesAt: number;
}

/**
 * Sorts out, of all decisions about a request, those that are weighed: they name this very request and this very digest, came in time, and are their
 * author's latest word on it (of two in one second, the rejection). Order and repetition of the input do not matter.
 */
export function castVotes(decisions: readonly DecisionFacts[], ballot: Ballot): Vote[] {
  const inOrder = [...new Map(decisions.map((d) => [d.uid, d])).values()].sort(byTime);
  const faults = new Map(inOrder.map((d) => [d.uid, faultOf(d, ballot)]));
  const latest = new Map<string, Vote>();
  for (const decision of inOrder) {
    if (faults.get(decision.uid) !== undefined) continue;
    const before = latest.get(decision.approver);
    const since = before?.decision.verdict === decision.verdict ? before.since : Date.parse(decision.time);
    latest.set(decision.approver, { decision, since });
  }
  return inOrder.map((decision) => {
    const vote = latest.get(decision.approver);
    if (vote?.decision.uid === decision.uid) return vote;
    return { decision, since: Date.parse(decision.time), fault: faults.get(decision.uid) ?? 'Superseded' };
  });
}

function faultOf(decision: DecisionFacts, ballot: Ballot): VoteFault | undefined {
  if (decision.requestUid !== ballot.requestUid) return 'UidChanged';
  if (decision.verdict === 'Comment') return 'Comment';
  if (ballot.digest === undefined || decision.digest !== ballot.digest) return 'DigestChanged';
  // Written so that a time that cannot be read is late as well.
  return Date.parse(decision.time) <= ballot.closesAt ? undefined : 'Late';
}

const weight = (d: DecisionFacts): number => (d.verdict === 'Reject' ? 1 : 0);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const byTime = (a: DecisionFacts, b: DecisionFacts): number => compare(a.time, b.time) || weight(a) - weight(b) || compare(a.uid, b.uid);
