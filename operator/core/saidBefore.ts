import type { ApprovalRequestStatus, DecisionRecord, IgnoredBecause, ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { isTooWeak, minimumOf } from './channels.ts';

/** Why a vote does not count that its author may give again so that it does. */
const again: ReadonlySet<IgnoredBecause> = new Set<IgnoredBecause>([
  'DigestChanged',
  'ReasonMissing',
  'TicketMissing',
  'AnswersMissing',
  'ChannelTooWeak',
]);

/** Of a stage, by which channels a yes is heard in it. */
export type Hearing = Pick<ResolvedStage, 'minimumChannel'>;

/** Of a request, what was said of it, and what it is now. */
type Said = Partial<Pick<ApprovalRequestStatus, 'decisions' | 'subjectDigest'>>;

/**
 * The yes or no that somebody has said of the request as it is now in a stage, by its status; undefined also where they must say it again for it to count
 * there. A yes may have come by a channel that is sure enough for one stage and not for another, so what counts in the one is nothing in the other.
 */
export function saidBefore(username: string, { decisions = [], subjectDigest }: Said, stage: Hearing): DecisionRecord | undefined {
  const theirs = decisions.filter((d) => d.approver === username && d.digest === subjectDigest && isHeardIn(stage, d));
  const last = theirs.at(-1);
  // One that counts still does when the same was said again by a weaker channel.
  return theirs.findLast((d) => d.counted) ?? (last !== undefined && isAgain(last) ? undefined : last);
}

/** The same in whichever of these stages it was said: what counts in one, before what counts in none. */
export function saidAnywhere(username: string, status: Said, stages: readonly Hearing[]): DecisionRecord | undefined {
  const said = stages.flatMap((stage) => saidBefore(username, status, stage) ?? []);
  return said.find(({ counted }) => counted) ?? said[0];
}

/** Whether it is a yes by a channel that is sure enough for the stage, or a no, which holds by any. */
export const isHeardIn = (stage: Hearing, { verdict, via }: Pick<DecisionRecord, 'verdict' | 'via'>): boolean =>
  verdict === 'Reject' || (verdict === 'Approve' && !isTooWeak(via, minimumOf(stage)));

const isAgain = ({ ignoredBecause }: DecisionRecord): boolean => again.has(ignoredBecause as IgnoredBecause);
