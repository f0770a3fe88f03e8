import { approvalRequests, approvers, governedJobs } from '../../crds/v1alpha1/index.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { WatchCache } from '../../operator/kube/watchCache.ts';
import { ApproverDirectory, knownApprover } from './callers/directory.ts';
import { watchDelegations, type KnownDelegations } from './delegations.ts';
import { knownExecution, type KnownExecution } from './executions.ts';
import { knownRequest, type KnownRequest } from './requests.ts';
import type { WatchingOptions } from './watching.ts';

/** Objects of one kind, as the watch tells of them. */
export interface KnownObjects<T> {
  byUid(uid: string): T | undefined;
  get(namespace: string, name: string): T | undefined;
  list(): Iterable<T>;
  /** Calls back with every object that is new or changed; answers how to stop. */
  onChange(listener: (object: T) => void): () => void;
  /** Takes over the answer of an own write, so that whoever made it finds it at once. */
  observe(raw: KubeObject): void;
}

export type KnownRequests = KnownObjects<KnownRequest>;
export type KnownExecutions = KnownObjects<KnownExecution>;

/** What the service knows of the cluster without asking for it. */
export interface Known {
  readonly requests: KnownRequests;
  readonly executions: KnownExecutions;
  readonly approvers: ApproverDirectory;
  readonly delegations: KnownDelegations;
  isSynced(): boolean;
  stop(): Promise<void>;
}

/** Begins to watch it, in all namespaces. */
export function watchCluster({ client, log, metrics }: WatchingOptions): Known {
  // Named one by one: a namespace that a caller has beside them would be all that is watched.
  const options = { client, log, metrics };
  const requests = new WatchCache({ ...options, type: approvalRequests, project: knownRequest });
  const executions = new WatchCache({ ...options, type: governedJobs, project: knownExecution });
  const people = new WatchCache({ ...options, type: approvers, project: knownApprover });
  const directory = new ApproverDirectory(people);
  const delegations = watchDelegations(options, { people, directory });
  const known = {
    requests: knownObjects(requests),
    executions: knownObjects(executions),
    approvers: directory,
    delegations: delegations.known,
  };
  const started = [requests, executions, people];
  for (const cache of started) cache.start();
  const caches = [...started, delegations];
  return {
    ...known,
    isSynced: () => caches.every((cache) => cache.isSynced()),
    stop: async () => {
      await Promise.all(caches.map((cache) => cache.stop()));
    },
  };
}

function knownObjects<T extends { readonly uid: string }>(cache: WatchCache<T>): KnownObjects<T> {
  cache.addIndex('uid', (object) => [object.uid]);
  return {
    byUid: (uid) => cache.byIndex('uid', uid)[0],
    get: (namespace, name) => cache.get(`${namespace}/${name}`),
    list: () => cache.values(),
    onChange: (listener) => cache.onChange(({ new: object }) => object === undefined || listener(object)),
    observe: (raw) => cache.observe(raw),
  };
}
