import { createHash } from 'node:crypto';
import { isAlreadyExists } from '../../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { ResourceType } from '../../../operator/kube/client/types.ts';
import { apiVersion } from '../../../crds/v1alpha1/index.ts';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { KnownChannel } from '../channels/known.ts';
import type { KnownRequest } from '../requests.ts';

const eventType: ResourceType = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };
/** Where the cluster keeps Events about what is in no namespace. */
const clusterEvents = 'default';

/** Something that an Event may be about. */
interface About {
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
}

interface Said {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Tells, where `kubectl describe` shows it, what became of telling. For reading only. */
export class ChannelEvents {
  readonly #client: Pick<KubeClient, 'create' | 'now'>;
  readonly #log: Logger;

  constructor(client: Pick<KubeClient, 'create' | 'now'>, log: Logger) {
    this.#client = client;
    this.#log = log;
  }

  /** That a channel takes nothing, and that it does again. */
  tell(channel: KnownChannel, health: 'opened' | 'resumed', message: string): void {
    this.#record(
      channel,
      health === 'opened'
        ? { type: 'Warning', reason: 'DeliveryFailing', message: `Nothing is taken: ${message} What is owed waits, and is tried again.` }
        : { type: 'Normal', reason: 'DeliveryResumed', message: 'What is sent is taken again.' },
    );
  }

  /** That more people are asked than are told: once for each `key`, however often and by whomever it is said. */
  notAllTold({ namespace, name, uid }: KnownRequest, key: string, message: string): void {
    const id = createHash('sha256').update(key).digest('hex').slice(0, 16);
    this.#record({ kind: 'ApprovalRequest', namespace, name, uid }, { type: 'Warning', reason: 'NotAllTold', message }, id);
  }

  #record({ kind, namespace, name, uid }: About, said: Said, id?: string): void {
    const where = namespace ?? clusterEvents;
    const now = this.#client.now();
    const time = new Date(now).toISOString();
    const unique = id ?? `${now.toString(16)}${Math.random().toString(16).slice(2, 8)}`;
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: where, name: `${name.slice(0, 200)}.${unique}` },
      involvedObject: { apiVersion, kind, name, uid, ...(namespace === undefined ? {} : { namespace }) },
      ...said,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      source: { component: 'countersign' },
      reportingComponent: 'countersign.dev/approvals',
    };
    this.#client.create(eventType, where, event).catch((error: unknown) => {
      if (!isAlreadyExists(error)) this.#log.warn({ err: error, about: name }, 'event not recorded');
    });
  }
}
