import type { DecisionRecord } from '../../crds/v1alpha1/index.ts';
import type { Observation } from './facts.ts';
import { overrideFault } from './override.ts';
import { withBoundedResponses } from './questions.ts';
import { mayApprove, mayReject, type Counted, type Poll } from './quorum.ts';
import type { Vote } from './votes.ts';

/** Every decision as the request sees it, with why it does not count when it does not. */
export function decisionRecords(votes: readonly Vote[], counted: Counted, poll: Poll, facts: Observation): DecisionRecord[] {
  return withBoundedResponses(votes.map((vote) => record(vote, counted, poll, facts)));
}

function record(vote: Vote, counted: Counted, poll: Poll, facts: Observation): DecisionRecord {
  const { decision } = vote;
  const idle = ignoredBecause(vote, counted, poll, facts);
  const onBehalfOf = idle === undefined ? counted.inStead.get(decision.approver) : undefined;
  const { name, verdict, approver, via, time, digest, reason, ticket, response, reassign, standing } = decision;
  return {
    name,
    verdict,
    approver,
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    via,
    time,
    digest,
    counted: idle === undefined,
    ...(reason === undefined ? {} : { reason }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(response === undefined ? {} : { response: { ...response } }),
    ...(reassign === undefined ? {} : { reassign }),
    ...(standing === undefined ? {} : { standing }),
    ...(idle === undefined ? {} : { ignoredBecause: idle }),
  };
}

function ignoredBecause(vote: Vote, counted: Counted, poll: Poll, facts: Observation): DecisionRecord['ignoredBecause'] {
  const { decision } = vote;
  if (decision.requestUid !== facts.request.uid) return 'UidChanged';
  switch (decision.verdict) {
    case 'Comment':
    case 'Review':
      return 'Comment';
    case 'Override':
      return decision.digest === facts.subject.digest ? overrideFault(decision, facts) : 'DigestChanged';
    case 'Reassign':
      return reassignFault(vote, counted, facts);
    case 'Approve':
    case 'Reject':
      return vote.fault ?? idleReason(vote, counted, poll);
  }
}

function reassignFault({ decision }: Vote, counted: Counted, facts: Observation): DecisionRecord['ignoredBecause'] {
  if (decision.digest !== facts.subject.digest) return 'DigestChanged';
  const { reassign, approver } = decision;
  const isUsed = counted.stages.some((s) =>
    s.standIns.some((i) => i.by === approver && i.for === reassign?.from && i.user === reassign.to),
  );
  return isUsed ? undefined : 'NotAllowed';
}

function idleReason({ decision, since }: Vote, { stages }: Counted, poll: Poll): DecisionRecord['ignoredBecause'] {
  const person = { username: decision.approver, groups: decision.groups, votedAt: Date.parse(decision.time) };
  if (!stages.some((s) => mayReject(s.asked, person, poll))) return 'NotQualified';
  if (decision.verdict === 'Reject') return undefined;
  const open = stages.filter((s) => mayApprove(s.asked, person, poll));
  if (open.length === 0) return 'Requester';
  if (open.every((s) => since > s.times.closesAt)) return 'Late';
  const seated = stages.some((s) => [...s.approvedBy, s.escalatedTo ?? []].some((names) => names.includes(decision.approver)));
  return seated ? undefined : 'PlaceTaken';
}
