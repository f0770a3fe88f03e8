import { setTimeout as sleep } from 'node:timers/promises';
import { approvalRequests } from '../../crds/v1alpha1/resources.ts';
import { ConnectionError, isNotFound, isTooManyRequests, ApiError } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import { requestOf, type Request } from '../request.ts';

/** What follow tells of: the request as it is now, or that it is gone. */
export type Sighting = Request | 'deleted';

export interface FollowOptions {
  readonly namespace: string;
  readonly name: string;
  /** Another request of the same name is not the one that is followed. */
  readonly uid: string;
  /** Ends the following; the promise is then rejected with the signal's reason. */
  readonly signal: AbortSignal;
  /** Told when the connection is lost, before it is made anew. */
  readonly onTrouble?: (message: string) => void;
}

/** How long to wait before a lost connection is made anew: at first, and at most. */
export const firstPauseMs = 200;
export const longestPauseMs = 5_000;

/**
 * Shows every state of one request to `enough` until that says so, and returns the last one. Lost connections, expired watches and restarted API
 * servers are survived by reading again; being refused (401, 403) is not.
 */
export async function follow(client: KubeClient, options: FollowOptions, enough: (seen: Sighting) => boolean): Promise<Sighting> {
  let pause = firstPauseMs;
  for (;;) {
    try {
      const now = await read(client, options);
      if (enough(now)) return now;
      if (now === 'deleted') return now;
      pause = firstPauseMs;
      const last = await watchFrom(client, now, options, enough);
      if (last !== undefined) return last;
    } catch (error) {
      options.signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      options.onTrouble?.((error as Error).message);
    }
    await sleep(pause, undefined, { signal: options.signal });
    pause = Math.min(longestPauseMs, pause * 2);
  }
}

/** Whether trying again may help: the connection was lost, or the API server is busy or on its way out. */
export const isPassing = (error: unknown): boolean =>
  error instanceof ConnectionError || isTooManyRequests(error) || (error instanceof ApiError && error.status >= 500);

async function read(client: KubeClient, { namespace, name, uid, signal }: FollowOptions): Promise<Sighting> {
  try {
    const request = requestOf(await client.get(approvalRequests, { namespace, name }, { signal }));
    return request.uid === uid ? request : 'deleted';
  } catch (error) {
    if (isNotFound(error)) return 'deleted';
    throw error;
  }
}

/** The state that was enough; undefined when the watch ended before. */
async function watchFrom(
  client: KubeClient,
  from: Request,
  { namespace, name, signal }: FollowOptions,
  enough: (seen: Sighting) => boolean,
): Promise<Sighting | undefined> {
  const events = client.watch(approvalRequests, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
    resourceVersion: from.resourceVersion,
    allowBookmarks: true,
    timeoutSeconds: 300,
    // Bookmarks come about once a minute; long silence means a half-open connection.
    idleTimeoutMs: 150_000,
    signal,
  });
  for await (const { type, object } of events) {
    // Too old a resourceVersion, or a server on its way out: reading again tells.
    if (type === 'ERROR') return undefined;
    if (type === 'BOOKMARK') continue;
    const seen = type === 'DELETED' ? 'deleted' : requestOf(object);
    if (enough(seen) || seen === 'deleted') return seen;
  }
  return undefined;
}
