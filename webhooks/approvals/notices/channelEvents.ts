import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { ResourceType } from '../../../operator/kube/client/types.ts';
import { apiVersion } from '../../../crds/v1alpha1/index.ts';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { KnownChannel } from '../channels/known.ts';

const eventType: ResourceType = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };
/** Where the cluster keeps Events about what is in no namespace. */
const clusterEvents = 'default';

/** Tells, where `kubectl describe` shows it, that a channel takes nothing, and that it does again. For reading only. */
export class ChannelEvents {
  readonly #client: Pick<KubeClient, 'create' | 'now'>;
  readonly #log: Logger;

  constructor(client: Pick<KubeClient, 'create' | 'now'>, log: Logger) {
    this.#client = client;
    this.#log = log;
  }

  tell({ kind, namespace, name, uid }: KnownChannel, health: 'opened' | 'resumed', message: string): void {
    const where = namespace ?? clusterEvents;
    const now = this.#client.now();
    const time = new Date(now).toISOString();
    const isBad = health === 'opened';
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: where, name: `${name.slice(0, 200)}.${now.toString(16)}${Math.random().toString(16).slice(2, 8)}` },
      involvedObject: { apiVersion, kind, name, uid, ...(namespace === undefined ? {} : { namespace }) },
      type: isBad ? 'Warning' : 'Normal',
      reason: isBad ? 'DeliveryFailing' : 'DeliveryResumed',
      message: isBad ? `Nothing is taken: ${message} What is owed waits, and is tried again.` : 'What is sent is taken again.',
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      source: { component: 'countersign' },
      reportingComponent: 'countersign.dev/approvals',
    };
    this.#client
      .create(eventType, where, event)
      .catch((error: unknown) => this.#log.warn({ err: error, channel: name }, 'event not recorded'));
  }
}
