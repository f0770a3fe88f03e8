import { isForbidden } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../kube/client/types.ts';
import type { HeldFacts } from '../../workloads/index.ts';

const pods: ResourceType = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };

/** What Kubernetes keeps of a termination message; somebody who writes pod statuses by hand may have written more. */
const mostBytes = 4096;
const mostPods = 500;

interface Pod extends KubeObject {
  readonly spec?: { readonly containers?: readonly { readonly name: string }[] };
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly state?: { readonly terminated?: { readonly message?: string; readonly finishedAt?: string } };
    }[];
  };
}

/** What a Job that succeeded has to say: the termination message of its last pod that succeeded, of the first container whose message is a JSON object. */
export async function outputsOf(client: KubeClient, job: HeldFacts): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const labelSelector = `batch.kubernetes.io/controller-uid=${job.uid}`;
    const { items } = await client.list<Pod>(pods, { namespace: job.namespace, labelSelector, limit: mostPods });
    return outputsIn(items.filter((pod) => pod.metadata.ownerReferences?.some((o) => o.uid === job.uid && o.controller === true) === true));
  } catch (error) {
    // An installation that may not read pods has no outputs, but its Jobs end all the same.
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** The same, of pods at hand. */
export function outputsIn(all: readonly Pod[]): Readonly<Record<string, unknown>> | undefined {
  const [last] = all.filter((pod) => pod.status?.phase === 'Succeeded').sort((a, b) => (finishedAt(a) < finishedAt(b) ? 1 : -1));
  const statuses = last?.status?.containerStatuses ?? [];
  for (const { name } of last?.spec?.containers ?? []) {
    const said = objectIn(statuses.find((s) => s.name === name)?.state?.terminated?.message);
    if (said !== undefined) return said;
  }
  return undefined;
}

const finishedAt = (pod: Pod): string =>
  (pod.status?.containerStatuses ?? []).map((s) => s.state?.terminated?.finishedAt ?? '').reduce((a, b) => (a > b ? a : b), '');

function objectIn(message: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (message === undefined || Buffer.byteLength(message) > mostBytes) return undefined;
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
