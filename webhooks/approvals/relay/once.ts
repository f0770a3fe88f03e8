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

/** When what is there already under a name made of a key is the answer. */
export interface Adopted<T> {
  /** The same person made it. */
  readonly isOurs: (found: T) => boolean;
  /** What they sent then is what they send now. */
  readonly isSame: (found: T) => boolean;
}

/**
 * Creates an object. One that is there already is the answer when `adopted` says so; without `adopted`, for a name that was not made of a key, never: it
 * may be long approved, and about something else.
 * @throws Problem with the API server's own sentence when it refuses.
 */
export async function createOnce<T extends object = KubeObject>(
  client: Writer,
  type: ResourceType,
  object: { readonly metadata: { readonly name?: string; readonly namespace: string } },
  adopted: Adopted<T> | undefined,
): Promise<T> {
  const { name, namespace } = object.metadata;
  try {
    return await client.create<T>(type, namespace, object);
  } catch (error) {
    if (name === undefined || !(error instanceof ApiError)) throw refused(error);
    if (adopted === undefined) throw isAlreadyExists(error) ? nameTaken(type, name, namespace) : refused(error);
    // Admission speaks first: whoever repeats what was done is refused because of just that, before anybody notices that the object is there.
    const found = await existing<T>(client, type, { namespace, name }).catch((later: unknown) => {
      // What was said first still holds, though nobody can look now. Only that it is there already says nothing while it is not known whose it is.
      throw isAlreadyExists(error) ? later : refused(error);
    });
    const isOurs = found !== undefined && adopted.isOurs(found);
    if (isOurs && adopted.isSame(found)) return found;
    if (!isAlreadyExists(error)) throw refused(error);
    throw isOurs ? keyReused(type, name) : keyTaken(type, name);
  }
}

const nameTaken = ({ kind }: ResourceType, name: string, namespace: string): Problem =>
  new Problem(
    409,
    'conflict',
    `body.name: ${kind} ${name} is there already in namespace ${namespace}, and this call did not make it; send another name, or leave it out and one is made.`,
  );

const keyReused = ({ kind }: ResourceType, name: string): Problem =>
  new Problem(
    422,
    'idempotency-key-reused',
    `This Idempotency-Key made ${kind} ${name}, which says something else than what is sent now: repeat exactly what was sent, or make a new key for this.`,
  );

const keyTaken = ({ kind }: ResourceType, name: string): Problem =>
  new Problem(409, 'conflict', `${kind} ${name} is there already and is somebody else's; send another Idempotency-Key.`);

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
