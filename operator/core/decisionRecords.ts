import type { DecisionRecord } from '../../crds/v1alpha1/index.ts';
import type { Observation } from './facts.ts';
import { overrideFault, reviewFaults, type ReviewFault } from './override.ts';
import { isAboutThis } from './submission.ts';
import { withBoundedResponses } from './questions.ts';
import { voterIn, type MaybeVoter } from './eligibility.ts';
import { mayApprove, mayReject, type Counted, type Poll } from './quorum.ts';
import { reassignFault } from './reassign.ts';
import { present } from './present.ts';
import type { Ballot, Vote } from './votes.ts';

/** What decisions are looked at with. */
export interface Count {
  readonly facts: Observation;
  readonly ballot: Ballot;
  readonly poll: Poll;
  readonly counted: Counted;
}

type Idle = DecisionRecord['ignoredBecause'];

/** Every decision as the request sees it, with why it does not count when it does not. */
export function decisionRecords(votes: readonly Vote[], count: Count): DecisionRecord[] {
  const { facts, counted, poll } = count;
  const isAsked = (person: MaybeVoter): boolean => counted.stages.some((s) => mayReject(s.asked, person, poll));
  const reviews = reviewFaults(facts, (d) => facts.permissions.may('override', d.approver, d.groups) || isAsked(voterIn(d)));
  return withBoundedResponses(votes.map((vote) => record(vote, ignoredBecause(vote, count, reviews), counted)));
}

function record({ decision }: Vote, idle: Idle, counted: Counted): DecisionRecord {
  const onBehalfOf = idle === undefined ? counted.inStead.get(decision.approver) : undefined;
  const { name, verdict, approver, via, time, digest, reason, ticket, response, reassign, standing } = decision;
  return {
    name,
    verdict,
    approver,
    via,
    time,
    digest,
    counted: idle === undefined,
    ...present({ onBehalfOf, reason, ticket, response, reassign, standing, ignoredBecause: idle }),
  };
}

function ignoredBecause(vote: Vote, { facts, ballot, poll, counted }: Count, reviews: ReadonlyMap<string, ReviewFault>): Idle {
  const { decision } = vote;
  if (decision.requestUid !== facts.request.uid) return 'UidChanged';
  switch (decision.verdict) {
    case 'Comment':
      return 'Comment';
    case 'Review':
      return reviews.get(decision.uid);
    case 'Override':
      return overrideFault(decision, facts, ballot);
    case 'Reassign': {
      const stages = counted.stages.map((s) => s.asked);
      return isAboutThis(decision, facts) ? reassignFault(decision, stages, facts) : 'DigestChanged';
    }
    case 'Approve':
    case 'Reject':
      return vote.fault ?? idleReason(vote, counted, poll);
  }
}

function idleReason({ decision, voter: person, since }: Vote, { stages }: Counted, poll: Poll): Idle {
  const open = decision.verdict === 'Approve' ? stages.filter((s) => mayApprove(s.asked, person, poll)) : [];
  if (open.length === 0) {
    const isAsked = (by: Poll): boolean => stages.some((s) => mayReject(s.asked, person, by));
    if (!isAsked(poll)) return isAsked({ ...poll, principalsOf: poll.principalsByAnyAuthor }) ? 'DelegatedByRequester' : 'NotQualified';
    return decision.verdict === 'Reject' ? undefined : 'Requester';
  }
  if (open.every((s) => since > s.times.closesAt)) return 'Late';
  const isIn = (names: readonly string[]): boolean => names.includes(decision.approver);
  const seated = stages.some((s) => s.approvedBy.some(isIn) || (s.escalatedTo !== undefined && isIn(s.escalatedTo)));
  return seated ? undefined : 'PlaceTaken';
}
