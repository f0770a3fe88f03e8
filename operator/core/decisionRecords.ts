import type { DecisionRecord, DecisionVia } from '../../crds/v1alpha1/index.ts';
import { isTooWeak, minimumOf } from './channels.ts';
import type { DecisionFacts, Observation } from './facts.ts';
import { overrideFault, reviewFaults, type ReviewFault } from './override.ts';
import { isAboutThis } from './submission.ts';
import { withBoundedResponses } from './questions.ts';
import { voterIn, type MaybeVoter, type Voter } from './eligibility.ts';
import { mayApprove, mayReject, type Counted, type CountedStage, type Poll } from './quorum.ts';
import { reassignFault } from './reassign.ts';
import { present } from './present.ts';
import type { Ballot, Paper, Vote, Votes } from './votes.ts';

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
  const stages = counted.stages.map((stage) => seen(stage, votes));
  const anyAsks = (person: MaybeVoter): boolean => stages.some((s) => mayReject(s.asked, person, poll));
  const reviews = reviewFaults(facts, (d) => facts.permissions.may('override', d.approver, d.groups) || anyAsks(voterIn(d)));
  return withBoundedResponses(votes.papers.map((paper) => record(paper, ignoredBecause(paper, stages, count, reviews), counted)));
}

/** A stage as decisions are looked at in it. */
interface SeenStage extends CountedStage {
  readonly minimum: DecisionVia;
  /** Everybody's last word in it, by user name. */
  readonly standing: ReadonlyMap<string, Vote>;
  /** Whoever fills a place of it. */
  readonly seated: ReadonlySet<string>;
}

function seen(stage: CountedStage, votes: Votes): SeenStage {
  const minimum = minimumOf(stage.asked);
  const seated = new Set([...stage.approvedBy.flat(), ...(stage.escalatedTo ?? [])]);
  return { ...stage, minimum, standing: votes.standing(minimum), seated };
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
  stages: readonly SeenStage[],
  { facts, ballot, poll }: Count,
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
      const asked = stages.map((s) => s.asked);
      return isAboutThis(decision, facts) ? reassignFault(decision, asked, facts) : 'DigestChanged';
    }
    case 'Approve':
    case 'Reject':
      return paper.fault ?? idleReason(paper, stages, poll);
  }
}

function idleReason({ decision, voter }: Paper, stages: readonly SeenStage[], poll: Poll): Idle {
  const received = stages.map((stage) => receptionIn(stage, decision, voter, poll));
  if (received.some(isHeard) && !received.some(isLast)) return 'Superseded';
  if (!received.some(isAsked)) {
    const byAnyAuthor = { ...poll, principalsOf: poll.principalsByAnyAuthor };
    return stages.some((s) => mayReject(s.asked, voter, byAnyAuthor)) ? 'DelegatedByRequester' : 'NotQualified';
  }
  if (decision.verdict === 'Reject') return received.some((s) => s.last && s.asked) ? undefined : 'Superseded';
  const open = received.filter((s) => s.open);
  if (open.length === 0) return 'Requester';
  if (!open.some(isHeard)) return 'ChannelTooWeak';
  const last = open.filter(isLast);
  if (last.length === 0) return 'Superseded';
  if (last.every((s) => s.late)) return 'Late';
  return last.some((s) => s.seated) ? undefined : 'PlaceTaken';
}

/** What becomes of somebody's yes or no in one stage. */
interface Reception {
  /** It came by a channel that is sure enough. */
  readonly heard: boolean;
  /** It is their last word there. */
  readonly last: boolean;
  /** They are asked there. */
  readonly asked: boolean;
  /** They may approve there. */
  readonly open: boolean;
  readonly late: boolean;
  readonly seated: boolean;
}

const isHeard = ({ heard }: Reception): boolean => heard;
const isLast = ({ last }: Reception): boolean => last;
const isAsked = ({ asked }: Reception): boolean => asked;

function receptionIn(stage: SeenStage, decision: DecisionFacts, voter: Voter, poll: Poll): Reception {
  const vote = stage.standing.get(decision.approver);
  const asked = mayReject(stage.asked, voter, poll);
  return {
    heard: decision.verdict !== 'Approve' || !isTooWeak(decision.via, stage.minimum),
    last: vote?.decision === decision,
    asked,
    open: asked && mayApprove(stage.asked, voter, poll),
    late: vote !== undefined && vote.since > stage.times.closesAt,
    seated: stage.seated.has(decision.approver),
  };
}
