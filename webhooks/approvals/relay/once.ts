import { createHash } from 'node:crypto';
import { ApiError, isAlreadyExists, isNotFound } from '../../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';
import { requesterFrom } from '../../../operator/core/requesterStamp.ts';
import type { Caller } from '../callers/caller.ts';
import { Problem } from '../http/problem.ts';
import { refused } from './refusal.ts';

/** A client that creates, and reads what was created. */
export type Writer = Pick<KubeClient, 'create' | 'get' | 'patch'>;

/**
 * The name of what a caller creates under an `Idempotency-Key`. The same key makes the same name, so that even a replica that was killed between its write
 * and the memory of it writes nothing twice.
 */
export const nameByKey = ({ username }: Caller, key: string, prefix: string): string =>
  `${stem(prefix)}-${createHash('sha256')
    .update(JSON.stringify([username, key]))
    .digest('hex')
    .slice(0, 20)}`;

/** What a made name begins with: not so long that nothing fits behind it, and with nothing at its end that a dash may not follow. */
export const stem = (name: string): string => name.slice(0, 40).replace(/[-.]+$/, '');

/**
 * Creates an object. One that is there already under a name made of a key is the answer when the same person made it.
 * @throws Problem with the API server's own sentence when it refuses.
 */
export async function createOnce<T extends object = KubeObject>(
  client: Writer,
  type: ResourceType,
  object: { readonly metadata: { readonly name?: string; readonly namespace: string } },
  byKey: boolean,
  isOurs: (found: T) => boolean,
): Promise<T> {
  const { name, namespace } = object.metadata;
  try {
    return await client.create<T>(type, namespace, object);
  } catch (error) {
    if (!byKey || name === undefined || !(error instanceof ApiError)) throw refused(error);
    // Admission speaks first: whoever repeats what was done is refused because of just that, before anybody notices that the object is there.
    const found = await existing<T>(client, type, { namespace, name });
    if (found !== undefined && isOurs(found)) return found;
    if (!isAlreadyExists(error)) throw refused(error);
  }
  throw new Problem(409, 'conflict', `${type.kind} ${name} is there already and is somebody else's; send another Idempotency-Key.`);
}

async function existing<T>(client: Writer, type: ResourceType, ref: { namespace: string; name: string }): Promise<T | undefined> {
  try {
    return await client.get<T>(type, ref);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Whether the caller asked for it. */
export const askedForBy = (caller: Caller, { metadata }: Pick<KubeObject, 'metadata'>): boolean =>
  requesterFrom(metadata.annotations).username === caller.username;
