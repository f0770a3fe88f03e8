import { approvalRequests } from '../../../crds/v1alpha1/index.ts';
import { isNotFound } from '../../../operator/kube/client/apiError.ts';
import type { Caller } from '../callers/caller.ts';
import type { Shown } from '../pages/request.ts';
import { readSubject } from '../pages/subject.ts';
import { knownRequest } from '../requests.ts';
import type { RequestDeps } from './deps.ts';

/** What showing a request takes. */
export type ShowingDeps = Pick<RequestDeps, 'client' | 'permissions'>;

/** A request and what it is about, read anew: what people decide on is not a second old. Undefined when it is not there any more. */
export async function shownTo(
  { client, permissions }: ShowingDeps,
  caller: Caller,
  { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string },
): Promise<Shown | undefined> {
  const raw = await client.get(approvalRequests, { namespace, name }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (raw?.metadata.uid !== uid) return undefined;
  const request = knownRequest(raw);
  const mayGet = (type: { readonly group: string; readonly plural: string }, object: string): Promise<boolean> =>
    permissions.may(caller, { verb: 'get', group: type.group, resource: type.plural, namespace, name: object });
  return { request, subject: await readSubject({ client, mayGet }, request, raw.metadata.annotations), now: client.now() };
}
