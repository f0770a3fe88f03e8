import { apiVersion, approvalRequests, governedJobs } from '../../../crds/v1alpha1/index.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import type { Caller } from '../callers/caller.ts';
import { askedForBy, createOnce, nameByKey, type Writer } from './once.ts';
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
  const named =
    name !== undefined
      ? { name }
      : key !== undefined
        ? { name: nameByKey(caller, key, spec.operation) }
        : { generateName: `${spec.operation.slice(0, 40)}-` };
  const metadata = { namespace, ...named, annotations: askedBy(caller), ...(labels === undefined ? {} : { labels }) };
  return createOnce(
    client,
    type,
    { apiVersion, kind: type.kind, metadata, spec } as object as { metadata: { namespace: string; name?: string } },
    key !== undefined,
    (found: KubeObject) => askedForBy(caller, found),
  );
}
