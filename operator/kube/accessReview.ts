import type { KubeClient } from './client/kubeClient.ts';
import type { ResourceType } from './client/types.ts';

const reviews: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

interface Review {
  readonly metadata: never;
  readonly status?: { readonly allowed?: boolean; readonly denied?: boolean };
}

/** Something that somebody may or may not do, as a SubjectAccessReview puts it. */
export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Absent: in all namespaces. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** Asks the API server what its authorizer says of somebody. An error is thrown, never read as a yes. */
export async function isAllowed(
  client: Pick<KubeClient, 'create'>,
  { username, groups }: { readonly username: string; readonly groups: readonly string[] },
  resourceAttributes: Access,
): Promise<boolean> {
  const spec = { user: username, groups, resourceAttributes };
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
  const { status } = await client.create<Review>(reviews, undefined, review);
  return status?.allowed === true && status.denied !== true;
}
