import type { DecisionRecord } from '../../crds/v1alpha1/index.ts';
import { isTooWeak, minimumOf } from './channels.ts';
import type { Observation } from './facts.ts';
import { overrideFault, reviewFaults, type ReviewFault } from './override.ts';
import { isAboutThis } from './submission.ts';
import { withBoundedResponses } from './questions.ts';
import { voterIn, type MaybeVoter } from './eligibility.ts';
import { mayApprove, mayReject, type Counted, type CountedStage, type Poll } from './quorum.ts';
import { reassignFault } from './reassign.ts';
import { present } from './present.ts';
import type { Ballot, Paper, Votes } from './votes.ts';

/** What decisions are looked at with. */
export interface Count {
  readonly facts: Observation;
  readonly ballot: Ballot;
  readonly poll: Poll;
  readonly counted: Counted;
}

type Idle = DecisionRecord['ignoredBecause'];

/** Every decision as the request sees it, with why it does not count when it does not. */
export function decisionRecords(votes: Votes, count: Count): DecisionRecord[] {
  const { facts, counted, poll } = count;
  const isAsked = (person: MaybeVoter): boolean => counted.stages.some((s) => mayReject(s.asked, person, poll));
  const reviews = reviewFaults(facts, (d) => facts.permissions.may('override', d.approver, d.groups) || isAsked(voterIn(d)));
  return withBoundedResponses(votes.papers.map((paper) => record(paper, ignoredBecause(paper, votes, count, reviews), counted)));
}

function record({ decision }: Paper, idle: Idle, counted: Counted): DecisionRecord {
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

function ignoredBecause(
  paper: Paper,
  votes: Votes,
  { facts, ballot, poll, counted }: Count,
  reviews: ReadonlyMap<string, ReviewFault>,
): Idle {
  const { decision } = paper;
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
      return paper.fault ?? idleReason(paper, votes, counted, poll);
  }
}

function idleReason({ decision, voter: person }: Paper, votes: Votes, { stages }: Counted, poll: Poll): Idle {
  const isAsked = (by: Poll): boolean => stages.some((s) => mayReject(s.asked, person, by));
  const weak = (s: CountedStage): boolean => decision.verdict === 'Approve' && isTooWeak(decision.via, minimumOf(s.asked));
  const sinceIn = (s: CountedStage): number | undefined => {
    const vote = votes.standing(minimumOf(s.asked)).get(decision.approver);
    return vote?.decision === decision ? vote.since : undefined;
  };
  const heard = stages.filter((s) => !weak(s));
  if (heard.length > 0 && heard.every((s) => sinceIn(s) === undefined)) return 'Superseded';
  if (!isAsked(poll)) return isAsked({ ...poll, principalsOf: poll.principalsByAnyAuthor }) ? 'DelegatedByRequester' : 'NotQualified';
  if (decision.verdict === 'Reject')
    return heard.some((s) => sinceIn(s) !== undefined && mayReject(s.asked, person, poll)) ? undefined : 'Superseded';
  const open = stages.filter((s) => mayApprove(s.asked, person, poll));
  if (open.length === 0) return 'Requester';
  if (open.every(weak)) return 'ChannelTooWeak';
  const standing = open.filter((s) => sinceIn(s) !== undefined);
  if (standing.length === 0) return 'Superseded';
  if (standing.every((s) => (sinceIn(s) ?? Infinity) > s.times.closesAt)) return 'Late';
  const seated = standing.some((s) => [...s.approvedBy, s.escalatedTo ?? []].some((names) => names.includes(decision.approver)));
  return seated ? undefined : 'PlaceTaken';
}
