import type { Condition, NoticeEvent } from '../../../crds/v1alpha1/index.ts';
import { answerOf } from '../../../operator/core/outcome.ts';
import { isSettled, type KnownRequest } from '../requests.ts';

/** Something that came of a request. */
export interface News {
  readonly event: Extract<NoticeEvent, 'Progressed' | 'Approved' | 'Rejected' | 'Expired' | 'Cancelled' | 'Completed' | 'Failed'>;
  readonly at: number;
  /** Tells one from the next of the same event. */
  readonly mark: string;
}

/** What came of a request so far, the latest last. */
export function newsOf(request: Pick<KnownRequest, 'status'>): News[] {
  const { status } = request;
  if (status === undefined) return [];
  if (!isSettled(request)) return progress(request);
  const { conditions } = status;
  const condition = (type: string): Condition | undefined => conditions.find((c) => c.type === type);
  const news: News[] = [];
  const add = (event: News['event'], of: Condition | undefined): void => {
    if (of !== undefined) news.push({ event, at: Date.parse(of.lastTransitionTime), mark: event });
  };
  const wasApproved = condition('Approved')?.status === 'True';
  const answer = answerOf(conditions);
  if (wasApproved) add('Approved', condition('Settled'));
  // What was approved may still come to a no, when its time is over before it was let go.
  if (answer?.approved === false) add(refusals[answer.reason] ?? 'Rejected', condition(wasApproved ? 'Released' : 'Settled'));
  const completed = condition('Completed');
  if (completed?.status === 'True' && completed.reason === 'Succeeded') add('Completed', completed);
  if (completed?.status === 'True' && completed.reason === 'Failed') add('Failed', completed);
  return news;
}

const refusals: Readonly<Record<string, News['event']>> = { Expired: 'Expired', Cancelled: 'Cancelled', SubjectGone: 'Cancelled' };

/** Somebody decided, and others are still asked. */
function progress({ status }: Pick<KnownRequest, 'status'>): News[] {
  const votes = (status?.decisions ?? []).filter(
    ({ verdict, digest }) => digest === status?.subjectDigest && (verdict === 'Approve' || verdict === 'Reject'),
  );
  const latest = votes.at(-1);
  return latest === undefined ? [] : [{ event: 'Progressed', at: Date.parse(latest.time), mark: `Progressed ${latest.name}` }];
}
