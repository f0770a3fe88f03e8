import { setTimeout as sleep } from 'node:timers/promises';
import { approvalRequests } from '../../crds/v1alpha1/resources.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import { requestOf, type Request } from '../request.ts';
import { firstPauseMs, isPassing, longestPauseMs } from './follow.ts';

/** What becomes of a request. `gone`: deleted. */
export interface Change {
  readonly kind: 'seen' | 'gone';
  readonly request: Request;
}

export interface FollowAllOptions {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly signal: AbortSignal;
  /** Told when the connection is lost, before it is made anew. */
  readonly onTrouble: (message: string) => void;
}

/**
 * Tells of all requests as they are, and then of every change, until the signal ends it. Lost connections, expired watches and restarted API servers are
 * survived by reading again; what was told before may be told again then.
 */
export async function followAll(client: KubeClient, options: FollowAllOptions, tell: (change: Change) => void): Promise<void> {
  const { signal } = options;
  let known = new Map<string, Request>();
  let pause = firstPauseMs;
  for (;;) {
    try {
      const { version, requests } = await readAll(client, options);
      const now = new Map(requests.map((request) => [request.uid, request]));
      for (const request of requests) tell({ kind: 'seen', request });
      for (const [uid, request] of known) if (!now.has(uid)) tell({ kind: 'gone', request });
      known = now;
      pause = firstPauseMs;
      await watchFrom(client, version, options, known, tell);
    } catch (error) {
      if (isOver(signal)) return;
      if (!isPassing(error)) throw error;
      options.onTrouble((error as Error).message);
    }
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    if (isOver(signal)) return;
    pause = Math.min(longestPauseMs, pause * 2);
  }
}

const isOver = (signal: AbortSignal): boolean => signal.aborted;

async function readAll(client: KubeClient, { namespace, signal }: FollowAllOptions): Promise<{ version: string; requests: Request[] }> {
  const requests: Request[] = [];
  const scope = { signal, limit: 500, ...(namespace === undefined ? {} : { namespace }) };
  let page = await client.list(approvalRequests, scope);
  const version = page.metadata.resourceVersion;
  for (;;) {
    requests.push(...page.items.map(requestOf));
    const { continue: next = '' } = page.metadata;
    if (next === '') return { version, requests };
    page = await client.list(approvalRequests, { ...scope, continue: next });
  }
}

async function watchFrom(
  client: KubeClient,
  resourceVersion: string,
  { namespace, signal }: FollowAllOptions,
  known: Map<string, Request>,
  tell: (change: Change) => void,
): Promise<void> {
  const events = client.watch(approvalRequests, {
    ...(namespace === undefined ? {} : { namespace }),
    resourceVersion,
    allowBookmarks: true,
    timeoutSeconds: 300,
    idleTimeoutMs: 150_000,
    signal,
  });
  for await (const { type, object } of events) {
    // Too old a resourceVersion, or a server on its way out: reading again tells.
    if (type === 'ERROR') return;
    if (type === 'BOOKMARK') continue;
    const request = requestOf(object);
    if (type === 'DELETED') known.delete(request.uid);
    else known.set(request.uid, request);
    tell({ kind: type === 'DELETED' ? 'gone' : 'seen', request });
  }
}
