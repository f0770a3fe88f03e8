import type { ApprovalRequestSpec, ApprovalRequestStatus } from '../../crds/v1alpha1/index.ts';
import { answerOf } from './outcome.ts';
import type { Runs } from './pins.ts';
import { present } from './present.ts';

/** A request, as far as it matters whether another is like it. */
export interface PastRequest {
  readonly uid: string;
  readonly namespace: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly spec: Pick<ApprovalRequestSpec, 'operation' | 'subject'>;
  readonly status: Pick<ApprovalRequestStatus, 'conditions'> | undefined;
}

/** The latest approved run of the same work, with what is stored of it. */
export type Precedent<Request, Seen> =
  | { readonly kind: 'found'; readonly request: Request; readonly subject: Seen; readonly skipped: number }
  /** There was one, but what ran is not stored any more as it was approved. */
  | { readonly kind: 'gone'; readonly request: Request }
  | { readonly kind: 'none' }
  /** Whoever asks may read no such request. */
  | { readonly kind: 'forbidden' };

const mostTried = 5;
const mostAskedAbout = 20;

/** How earlier requests are looked at. */
interface Looking<Request, Subject> {
  readonly timeOf: (request: Request) => number;
  /** Whether whoever asks may read the request; all of them when left out. Of the others they are not even told how many there are. */
  readonly mayRead?: (request: Request) => Promise<boolean>;
  /** What a request is about; undefined where that is gone, may not be read, or has not the digest any more that was approved. */
  readonly read: (request: Request) => Promise<Subject | undefined>;
}

/** Whether a request approved the same kind of work before: of the same operation (which for a CronJob's Jobs is the CronJob) or of the same name. */
export function isPrecedent(candidate: PastRequest, request: PastRequest): boolean {
  if (candidate.uid === request.uid || candidate.namespace !== request.namespace) return false;
  if (answerOf(candidate.status?.conditions ?? [])?.approved !== true) return false;
  if (Date.parse(candidate.createdAt) > Date.parse(request.createdAt)) return false;
  const { resource: was, external: wasOutside } = candidate.spec.subject;
  const { resource: is, external: isOutside } = request.spec.subject;
  const isSameOperation = candidate.spec.operation === request.spec.operation;
  if (is !== undefined) return was?.kind === is.kind && (isSameOperation || was.name === is.name);
  return wasOutside?.system === isOutside?.system && isSameOperation;
}

/** When it was approved, in milliseconds since the epoch. */
export const approvedAt = ({ status, createdAt }: Pick<PastRequest, 'status' | 'createdAt'>): number =>
  Date.parse(status?.conditions.find(({ type }) => type === 'Approved')?.lastTransitionTime ?? createdAt);

/**
 * The latest of them of which it is still stored what ran. What was approved is not frozen once it ran: compared as it is now, whoever asked could make
 * it like what they ask for next.
 */
export async function latestAmong<Request, Subject>(
  precedents: readonly Request[],
  { timeOf, mayRead = () => Promise.resolve(true), read }: Looking<Request, Subject>,
): Promise<Precedent<Request, Subject>> {
  if (precedents.length === 0) return { kind: 'none' };
  const skipped: Request[] = [];
  for (const request of [...precedents].sort((a, b) => timeOf(b) - timeOf(a)).slice(0, mostAskedAbout)) {
    if (!(await mayRead(request))) continue;
    const subject = await read(request);
    if (subject !== undefined) return { kind: 'found', request, subject, skipped: skipped.length };
    if (skipped.push(request) === mostTried) break;
  }
  const [latest] = skipped;
  return latest === undefined ? { kind: 'forbidden' } : { kind: 'gone', request: latest };
}

type Claim = Pick<ApprovalRequestSpec, 'operation' | 'context' | 'reason' | 'ticket'>;

/**
 * What is claimed and what would run, as a value in which two runs of the same work differ only where somebody made them differ. `jobSpec`: without what every
 * Job has of its own. `runs`: what a GovernedJob runs beside it.
 */
export function comparable({ operation, context, reason, ticket }: Claim, jobSpec: object | undefined, runs: Runs = {}): object {
  const { preActions, postActions, rollback } = runs;
  return {
    request: { operation, ...present({ context, reason, ticket }) },
    ...present({ jobSpec, preActions, postActions, rollback }),
  };
}
