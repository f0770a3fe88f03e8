import { approvalRequests } from '../../crds/v1alpha1/resources.ts';
import { isForbidden } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import { conditionOf, outcome, requestOf, type Request } from '../request.ts';
import { readSubject, type Subject } from './subject.ts';

/** What the last approved run of the same work was. */
export type Precedent =
  | { readonly kind: 'found'; readonly request: Request; readonly subject: Subject; readonly skipped: number }
  /** There was one, but what ran is not stored any more. */
  | { readonly kind: 'gone'; readonly request: Request }
  | { readonly kind: 'none' }
  | { readonly kind: 'forbidden' };

const mostTried = 5;

/** Looks for the latest approved run of the same operation (which for a CronJob's Jobs is the CronJob) or of the same name. */
export async function precedentOf(client: KubeClient, request: Request): Promise<Precedent> {
  const all: Request[] = [];
  try {
    for await (const object of client.listAll(approvalRequests, { namespace: request.namespace })) all.push(requestOf(object));
  } catch (error) {
    if (isForbidden(error)) return { kind: 'forbidden' };
    throw error;
  }
  return precedentAmong(all, request, (past) => readSubject(client, past));
}

/** The same among requests that were listed already. `read`: what a request is about. */
export async function precedentAmong(
  all: readonly Request[],
  request: Request,
  read: (past: Request) => Promise<Subject>,
): Promise<Precedent> {
  const past = all.filter((candidate) => candidate.namespace === request.namespace && isPrecedent(candidate, request));
  past.sort((a, b) => approvedAt(b) - approvedAt(a));
  const [latest] = past;
  if (latest === undefined) return { kind: 'none' };
  for (const [skipped, candidate] of past.slice(0, mostTried).entries()) {
    const subject = await read(candidate);
    if (subject.access === 'outside' || subject.jobSpec !== undefined) return { kind: 'found', request: candidate, subject, skipped };
  }
  return { kind: 'gone', request: latest };
}

const approvedAt = (request: Request): number => Date.parse(conditionOf(request, 'Approved')?.lastTransitionTime ?? request.createdAt);

/** Whether a request approved the same kind of work before. */
export function isPrecedent(candidate: Request, request: Request): boolean {
  if (candidate.uid === request.uid || outcome(candidate) !== 'approved') return false;
  if (Date.parse(candidate.createdAt) > Date.parse(request.createdAt)) return false;
  const [before, now] = [candidate.stored.spec, request.stored.spec];
  const { resource: was, external: wasOutside } = before.subject;
  const { resource: is, external: isOutside } = now.subject;
  if (is !== undefined) return was?.kind === is.kind && (before.operation === now.operation || was.name === is.name);
  return wasOutside?.system === isOutside?.system && before.operation === now.operation;
}
