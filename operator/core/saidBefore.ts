import type { ApprovalRequestStatus, DecisionRecord, IgnoredBecause } from '../../crds/v1alpha1/index.ts';

/** Why a vote does not count that its author may give again so that it does. */
const again: ReadonlySet<IgnoredBecause> = new Set<IgnoredBecause>([
  'DigestChanged',
  'ReasonMissing',
  'TicketMissing',
  'AnswersMissing',
  'ChannelTooWeak',
]);

/** The yes or no that somebody has said of the request as it is now, by its status; undefined also where they must say it again for it to count. */
export function saidBefore(
  username: string,
  { decisions = [], subjectDigest }: Partial<Pick<ApprovalRequestStatus, 'decisions' | 'subjectDigest'>>,
): DecisionRecord | undefined {
  const theirs = decisions.filter(
    ({ approver, digest, verdict }) => approver === username && digest === subjectDigest && (verdict === 'Approve' || verdict === 'Reject'),
  );
  const last = theirs.at(-1);
  // One that counts still does when the same was said again by a weaker channel.
  return theirs.findLast((d) => d.counted) ?? (last !== undefined && isAgain(last) ? undefined : last);
}

const isAgain = ({ ignoredBecause }: DecisionRecord): boolean => again.has(ignoredBecause as IgnoredBecause);
