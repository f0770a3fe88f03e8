import { approvalRequests, governedJobs } from '../../crds/v1alpha1/resources.ts';
import { isForbidden } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { ResourceType } from '../../operator/kube/client/types.ts';
import { isSettled, requestOf, type Request } from '../request.ts';
import type { Session } from './connect.ts';
import { jobs } from './requests.ts';

/** Which requests a batch is about. */
export interface Selection {
  readonly selector?: string | undefined;
  readonly operation?: string | undefined;
  readonly everywhere: boolean;
}

export interface Selected {
  /** The open requests that fit, oldest first. */
  readonly open: readonly Request[];
  /** All requests of the same namespaces, for comparison. */
  readonly all: readonly Request[];
  /** Kinds whose labels could not be looked at. */
  readonly unseen: readonly string[];
}

/**
 * Reads the requests that a batch is about. Held work has labels of its own, which its request does not repeat, so a selector is asked of both.
 * The API server reads the selector, and says what is wrong with it.
 */
export async function selected({ client, namespace }: Session, { selector, operation, everywhere }: Selection): Promise<Selected> {
  const scope = everywhere ? {} : { namespace };
  const all: Request[] = [];
  for await (const object of client.listAll(approvalRequests, scope)) all.push(requestOf(object));
  const { uids, unseen } = selector === undefined ? { uids: undefined, unseen: [] } : await labelled(client, scope, selector);
  const fits = (request: Request): boolean =>
    (uids === undefined || uids.has(request.uid) || uids.has(request.stored.spec.subject.resource?.uid ?? '')) &&
    (operation === undefined || request.stored.spec.operation === operation);
  const open = all.filter((request) => !isSettled(request) && fits(request));
  open.sort((a, b) => a.namespace.localeCompare(b.namespace) || Date.parse(a.createdAt) - Date.parse(b.createdAt));
  return { open, all, unseen };
}

async function labelled(
  client: KubeClient,
  scope: { readonly namespace?: string },
  labelSelector: string,
): Promise<{ uids: ReadonlySet<string>; unseen: string[] }> {
  const uids = new Set<string>();
  const unseen: string[] = [];
  const look = async (type: ResourceType): Promise<void> => {
    for await (const { metadata } of client.listAll(type, { ...scope, labelSelector, metadataOnly: true })) uids.add(metadata.uid);
  };
  await look(approvalRequests);
  for (const type of [jobs, governedJobs]) {
    try {
      await look(type);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      unseen.push(`${type.kind}s`);
    }
  }
  return { uids, unseen };
}
