import { annotations, approvalRequests } from '../../../crds/v1alpha1/index.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import type { Caller } from '../callers/caller.ts';
import type { Writer } from './once.ts';
import { relayedGroups } from './person.ts';
import { refused } from './refusal.ts';

/**
 * Cancels a request in the caller's name. Whether they may is for the guards and admission to say.
 * @throws Problem with the API server's own sentence when it refuses.
 */
export async function cancel(
  { client }: { readonly client: Writer },
  caller: Caller,
  { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string },
): Promise<KubeObject> {
  const by = { [annotations.cancelledBy]: caller.username, [annotations.cancelledByGroups]: relayedGroups(caller).join('\n') };
  try {
    return await client.patch(
      approvalRequests,
      { namespace, name },
      { metadata: { uid, annotations: by }, spec: { cancelled: true } },
      { type: 'merge' },
    );
  } catch (error) {
    throw refused(error);
  }
}
