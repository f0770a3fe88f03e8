import {
  clusterNotificationChannels,
  NotificationChannelSpec,
  notificationChannels,
  type ChannelKind,
  type ChannelRef,
  type Condition,
} from '../../../crds/v1alpha1/index.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { WatchCache } from '../../../operator/kube/watchCache.ts';
import { isRouted, type Routed } from '../../../operator/notify/routes.ts';
import type { WatchingOptions } from '../watching.ts';

/** A NotificationChannel, or a ClusterNotificationChannel, as the service knows it. */
export interface KnownChannel {
  readonly kind: ChannelKind;
  /** Absent for a ClusterNotificationChannel. */
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly spec: NotificationChannelSpec;
  readonly conditions: readonly Condition[];
}

/** For a watch cache of either kind. */
export const knownChannel =
  (kind: ChannelKind) =>
  ({ metadata, spec, status }: KubeObject): KnownChannel => ({
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation ?? 0,
    // The API server holds it to the schema.
    spec: NotificationChannelSpec.parse(spec),
    conditions: (status as { conditions?: Condition[] } | undefined)?.conditions ?? [],
  });

/** How a channel is called in deliveries, logs and metrics: `NotificationChannel payments/mail`. */
export const targetOf = ({ kind, namespace, name }: Pick<KnownChannel, 'kind' | 'namespace' | 'name'>): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

/** Where channels are found. */
export interface KnownChannels {
  list(): KnownChannel[];
  /** By the name that deliveries keep. */
  byTarget(target: string): KnownChannel | undefined;
  /** The channel that a stage of a request in that namespace names. */
  named(ref: ChannelRef, namespace: string): KnownChannel | undefined;
  /**
   * Those that are told of it: which stages name, and which are routed to; each once. A paused one too: what is owed to it is dropped when its turn comes, and
   * so it is not made up for later, and stands among the deliveries.
   */
  toldOf(routed: Routed, named: readonly ChannelRef[]): KnownChannel[];
  onChange(listener: (channel: KnownChannel) => void): () => void;
  /** Takes over the answer of an own write. */
  observe(raw: KubeObject): void;
  isSynced(): boolean;
  stop(): Promise<void>;
}

/** Begins to watch them. */
export function watchChannels({ client, log, metrics }: WatchingOptions): KnownChannels {
  const options = { client, log, metrics };
  const caches = [
    new WatchCache({
      ...options,
      type: notificationChannels,
      project: knownChannel('NotificationChannel'),
      keyOf: keyFor('NotificationChannel'),
    }),
    new WatchCache({
      ...options,
      type: clusterNotificationChannels,
      project: knownChannel('ClusterNotificationChannel'),
      keyOf: keyFor('ClusterNotificationChannel'),
    }),
  ];
  for (const cache of caches) cache.start();
  const byTarget = (target: string): KnownChannel | undefined =>
    caches.map((cache) => cache.get(target)).find((found) => found !== undefined);
  const list = (): KnownChannel[] => caches.flatMap((cache) => [...cache.values()]);
  return {
    ...findingAmong(list, byTarget),
    onChange: (listener) => {
      const stops = caches.map((cache) => cache.onChange(({ new: channel }) => channel === undefined || listener(channel)));
      return () => stops.forEach((stop) => stop());
    },
    observe: (raw) => caches[raw.kind === 'ClusterNotificationChannel' ? 1 : 0]?.observe(raw),
    isSynced: () => caches.every((cache) => cache.isSynced()),
    stop: async () => {
      await Promise.all(caches.map((cache) => cache.stop()));
    },
  };
}

const keyFor =
  (kind: ChannelKind) =>
  ({ metadata: { namespace, name } }: KubeObject): string =>
    targetOf({ kind, namespace, name });

/** Finds among channels. Pure, but for what it is given. */
export function findingAmong(
  list: () => KnownChannel[],
  byTarget: (target: string) => KnownChannel | undefined,
): Pick<KnownChannels, 'list' | 'byTarget' | 'named' | 'toldOf'> {
  const named = ({ kind, name }: ChannelRef, namespace: string): KnownChannel | undefined =>
    byTarget(targetOf({ kind, name, namespace: kind === 'NotificationChannel' ? namespace : undefined }));
  return {
    list,
    byTarget,
    named,
    toldOf: (routed, refs) => {
      const sees = ({ namespace }: KnownChannel): boolean => namespace === undefined || namespace === routed.namespace;
      const all = [
        ...refs.flatMap((ref) => named(ref, routed.namespace) ?? []),
        ...list().filter((channel) => sees(channel) && isRouted(channel.spec.routes, routed)),
      ];
      return [...new Map(all.map((channel) => [targetOf(channel), channel])).values()];
    },
  };
}
