import { approvalDelegations, type ApprovalDelegation } from '../../crds/v1alpha1/index.ts';
import { delegationsOf, type DelegationFacts, type Delegations } from '../../operator/core/delegation.ts';
import { groupedBy } from '../../operator/core/groupedBy.ts';
import { storedDelegation, type StoredDelegation } from '../../operator/core/storedDelegation.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { WatchCache } from '../../operator/kube/watchCache.ts';
import type { ApproverDirectory, KnownApprover } from './callers/directory.ts';
import type { WatchingOptions } from './watching.ts';

/** Who may decide in whose stead, as far as people are to be shown what waits for them. */
export interface KnownDelegations {
  /** Those of a namespace. A condition (`when`) is taken for true: whether a decision counts the operator says, and whoever might decide should see the request. */
  in(namespace: string): Delegations;
}

/** A delegation, as one that applies. */
export interface KnownDelegation extends StoredDelegation, Pick<DelegationFacts, 'applies'> {}

/** For a watch cache of ApprovalDelegations. */
export const knownDelegation = (raw: KubeObject): KnownDelegation => ({
  ...storedDelegation(raw as unknown as ApprovalDelegation),
  applies: true,
});

/**
 * The most times, apart from each other, for which one person hands on to another, the next ones first. Whoever wants something done for longer writes one
 * delegation for all of it, and thousands would have to be looked at for each request of a list.
 */
export const mostTimes = 64;

/** Those that are not over, sorted for being followed, with the groups known of whom somebody decides for. Several that say the same are one. */
export function sorted(
  delegations: readonly KnownDelegation[],
  directory: Pick<ApproverDirectory, 'byUsername'>,
  now: number,
): Delegations {
  const lasting = delegations
    .filter(({ notAfter }) => notAfter === undefined || !(Date.parse(notAfter) <= now))
    .map((d): DelegationFacts => ({ ...d, groups: d.groups ?? directory.byUsername(d.from)?.groups ?? [] }));
  const alike = groupedBy(lasting, ({ from, to, author, groups }) => JSON.stringify([from, to, author, groups]));
  return delegationsOf([...alike.values()].flatMap((list) => joined(list).slice(0, mostTimes)));
}

/** One for each time, apart from the others, in which any of them is in force; the first ones first. */
function joined(alike: readonly DelegationFacts[]): DelegationFacts[] {
  const times = alike.map((d) => ({
    delegation: d,
    from: Math.max(Date.parse(d.createdAt), d.notBefore === undefined ? -Infinity : Date.parse(d.notBefore)),
    to: d.notAfter === undefined ? Infinity : Date.parse(d.notAfter),
  }));
  const apart: typeof times = [];
  for (const time of times.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from)) {
    const last = apart.at(-1);
    if (last !== undefined && time.from <= last.to) last.to = Math.max(last.to, time.to);
    else apart.push(time);
  }
  return apart.map(({ delegation: { notBefore: _before, notAfter: _after, ...delegation }, from, to }) => ({
    ...delegation,
    createdAt: new Date(from).toISOString(),
    ...(to === Infinity ? {} : { notAfter: new Date(to).toISOString() }),
  }));
}

/** Begins to watch them. `people` are the Approvers of the directory. */
export function watchDelegations(
  { client, log, metrics }: WatchingOptions,
  { people, directory }: { readonly people: Pick<WatchCache<KnownApprover>, 'onChange'>; readonly directory: ApproverDirectory },
): { readonly known: KnownDelegations; isSynced(): boolean; stop(): Promise<void> } {
  const cache = new WatchCache({ client, log, metrics, type: approvalDelegations, project: knownDelegation });
  cache.addIndex('namespace', (d) => [d.namespace]);
  // Sorted once for all requests of a list, not for each of them.
  const kept = new Map<string, Delegations>();
  cache.onChange(() => kept.clear());
  people.onChange(() => kept.clear());
  cache.start();
  const sortedIn = (namespace: string): Delegations => {
    const made = kept.get(namespace) ?? sorted(cache.byIndex('namespace', namespace), directory, client.now());
    kept.set(namespace, made);
    return made;
  };
  return { known: { in: sortedIn }, isSynced: () => cache.isSynced(), stop: () => cache.stop() };
}
