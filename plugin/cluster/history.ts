import { approvalRequests } from '../../crds/v1alpha1/resources.ts';
import { approvedAt, isPrecedent, latestAmong, type PastRequest, type Precedent as PrecedentOf } from '../../operator/core/precedent.ts';
import { isForbidden } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import { requestOf, type Request } from '../request.ts';
import { digestDoubt } from './decide.ts';
import { readSubject, type Subject } from './subject.ts';

/** What the last approved run of the same work was. */
export type Precedent = PrecedentOf<Request, Subject>;

/** Looks for the latest approved run of the same operation or of the same name. */
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
export const precedentAmong = (all: readonly Request[], request: Request, read: (past: Request) => Promise<Subject>): Promise<Precedent> =>
  latestAmong(
    all.filter((candidate) => isPrecedent(stored(candidate), stored(request))),
    {
      timeOf: approvedAt,
      read: async (past) => {
        const subject = await read(past);
        return digestDoubt(past, subject) === undefined ? subject : undefined;
      },
    },
  );

/** As it is stored: what is made safe to print may look like something else. */
const stored = ({ uid, namespace, createdAt, stored: { spec, status } }: Request): PastRequest => ({
  uid,
  namespace,
  createdAt,
  spec,
  status,
});
