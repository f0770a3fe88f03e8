import { approvalRequests, group } from '../../../crds/v1alpha1/index.ts';
import { approvedAt, isPrecedent, latestAmong } from '../../../operator/core/precedent.ts';
import { isNotFound } from '../../../operator/kube/client/apiError.ts';
import type { Caller } from '../callers/caller.ts';
import type { Past } from '../pages/comparison.ts';
import type { Shown } from '../pages/request.ts';
import { isAsDecided, readSubject, type MayGet, type SubjectSeen } from '../pages/subject.ts';
import { knownRequest, type KnownRequest } from '../requests.ts';
import type { RequestDeps } from './deps.ts';

/** What showing a request takes. */
export type ShowingDeps = Pick<RequestDeps, 'client' | 'permissions' | 'known'>;

/** A request and what it is about, read anew: what people decide on is not a second old. Undefined when it is not there any more. */
export async function shownTo(
  deps: ShowingDeps,
  caller: Caller,
  { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string },
): Promise<Shown | undefined> {
  const { client, permissions } = deps;
  const raw = await client.get(approvalRequests, { namespace, name }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (raw?.metadata.uid !== uid) return undefined;
  const request = knownRequest(raw);
  const mayGet: MayGet = (type, object) =>
    permissions.may(caller, { verb: 'get', group: type.group, resource: type.plural, namespace, name: object });
  const [subject, past] = await Promise.all([readSubject({ client, mayGet }, request), pastOf(deps, mayGet, request)]);
  return { request, subject, past, now: client.now() };
}

/** The last approved run of the same, as far as whoever looks may read it. */
function pastOf({ client, known }: ShowingDeps, mayGet: MayGet, request: KnownRequest): Promise<Past> {
  const before = [...known.requests.list()].filter((candidate) => isPrecedent(candidate, request));
  return latestAmong<KnownRequest, SubjectSeen>(before, {
    timeOf: approvedAt,
    mayRead: ({ name }) => mayGet({ group, plural: approvalRequests.plural }, name),
    read: async (one) => {
      const seen = await readSubject({ client, mayGet }, one);
      return isAsDecided(seen) ? seen : undefined;
    },
  });
}
