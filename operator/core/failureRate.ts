import type { ApprovalRequestStatus } from '../../crds/v1alpha1/index.ts';
import { compare } from './order.ts';

/** How a run ended that somebody saw end. */
export interface Run {
  /** Of its request. */
  readonly uid: string;
  /** RFC 3339. */
  readonly at: string;
  readonly failed: boolean;
}

/** As many runs as count. */
const mostRuns = 100;

/** The run of a request, once it ran to an end that somebody saw; undefined before that, and for what never ran. */
export function runOf(uid: string, status: ApprovalRequestStatus | undefined): Run | undefined {
  const end = status?.conditions.find((c) => c.type === 'Completed' && c.status === 'True');
  if (end === undefined || (end.reason !== 'Succeeded' && end.reason !== 'Failed')) return undefined;
  return { uid, at: end.lastTransitionTime, failed: end.reason === 'Failed' };
}

/** The runs that count, oldest first: the last hundred. */
export const lastRuns = (runs: readonly Run[]): Run[] =>
  [...runs].sort((a, b) => compare(a.at, b.at) || compare(a.uid, b.uid)).slice(-mostRuns);

/** Of the last runs, per cent, by the rule of succession: what has never run is as likely to fail as not, and each run moves that a little. */
export const failureRateOf = (last: readonly Run[]): number => (100 * (last.filter((run) => run.failed).length + 1)) / (last.length + 2);
