import type { Pin } from '../../crds/v1alpha1/index.ts';
import { pinContent, type Content } from '../../operator/core/pins.ts';
import { isForbidden, isNotFound } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { ResourceType } from '../../operator/kube/client/types.ts';

/** What became of looking at what is pinned. Names are as in `ConfigMap limits`. */
export interface PinCheck {
  /** No more what it was when the digest was taken. */
  readonly changed: readonly string[];
  /** This user may not read them, so only the operator's word stands for them. */
  readonly unread: readonly string[];
}

const types = {
  ConfigMap: { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
  Secret: { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true },
} as const satisfies Record<Pin['kind'], ResourceType>;

/** Reads what a request has pinned, as far as this user may, and digests it anew, with the operator's own functions. */
export async function checkPins(client: Pick<KubeClient, 'get'>, namespace: string, pins: readonly Pin[]): Promise<PinCheck> {
  const checked = await Promise.all(
    pins.map(async (pin) => ({
      name: `${pin.kind} ${pin.name}`,
      found: pin.state === 'NotCovered' ? 'same' : await look(client, namespace, pin),
    })),
  );
  const those = (found: Found): string[] => checked.flatMap((c) => (c.found === found ? [c.name] : []));
  return { changed: those('changed'), unread: those('unread') };
}

type Found = 'same' | 'changed' | 'unread';

async function look(client: Pick<KubeClient, 'get'>, namespace: string, { kind, name, content }: Pin): Promise<Found> {
  try {
    // What was absent has no content, so whatever is there now differs from it.
    return pinContent(kind, await client.get<Content>(types[kind], { namespace, name })) === content ? 'same' : 'changed';
  } catch (error) {
    if (isForbidden(error)) return 'unread';
    if (!isNotFound(error)) throw error;
    return content === undefined ? 'same' : 'changed';
  }
}
