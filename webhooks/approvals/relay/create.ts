import { apiVersion, approvalRequests, governedJobs } from '../../../crds/v1alpha1/index.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import type { Caller } from '../callers/caller.ts';
import { isAsSent } from './asSent.ts';
import { askedForBy, createOnce, nameByKey, stem, type Writer } from './once.ts';
import { askedBy } from './person.ts';

/** What somebody asks for. */
export interface Asked {
  readonly namespace: string;
  readonly name?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly spec: { readonly operation: string };
  /** What the caller calls this, so that it is made once however often it is sent. */
  readonly key?: string | undefined;
}

/** Creates an ApprovalRequest for the caller. @throws Problem with the API server's own sentence when it refuses. */
export const createRequest = (deps: { readonly client: Writer }, caller: Caller, asked: Asked): Promise<KubeObject> =>
  create(deps.client, approvalRequests, caller, asked);

/** Creates a GovernedJob for the caller. @throws Problem with the API server's own sentence when it refuses. */
export const createGovernedJob = (deps: { readonly client: Writer }, caller: Caller, asked: Asked): Promise<KubeObject> =>
  create(deps.client, governedJobs, caller, asked);

function create(
  client: Writer,
  type: typeof approvalRequests | typeof governedJobs,
  caller: Caller,
  { namespace, name, labels, spec, key }: Asked,
): Promise<KubeObject> {
  const byKey = name === undefined && key !== undefined;
  const named = byKey
    ? { name: nameByKey(caller, key, spec.operation) }
    : name === undefined
      ? { generateName: `${stem(spec.operation)}-` }
      : { name };
  const metadata = { namespace, ...named, annotations: askedBy(caller), ...(labels === undefined ? {} : { labels }) };
  const object = { apiVersion, kind: type.kind, metadata: metadata as { namespace: string; name?: string }, spec };
  // Under a name that the caller chose anything may stand, approved long ago. Under one that was made of their key it is what they sent with that key.
  const isSame = (found: Found): boolean =>
    isAsSent(spec, found.spec, filledIn) &&
    Object.entries(labels ?? {}).every(([label, value]) => found.metadata.labels?.[label] === value);
  return createOnce<Found>(client, type, object, byKey ? { isOurs: (found) => askedForBy(caller, found), isSame } : undefined);
}

type Found = KubeObject & { readonly spec?: unknown };

/** What the API server and admission add to a spec, and what says that it was cancelled since: that is no other request. */
const filledIn = ['draft', 'cancelled', 'subject.resource.uid'];
