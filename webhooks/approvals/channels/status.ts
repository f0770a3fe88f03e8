import {
  clusterNotificationChannels,
  notificationChannels,
  type Condition,
  type NotificationChannelStatus,
} from '../../../crds/v1alpha1/index.ts';
import { rfc3339 } from '../../../operator/core/conditions.ts';
import { isNotFound } from '../../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { Delivered, Refused } from '../../../operator/notify/contract.ts';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { Channels } from './channels.ts';
import { targetOf, type KnownChannel } from './known.ts';

/** Secrets are not watched, as that takes more rights: they are looked at again so often. */
const lookAgainMs = 60_000;
const mostMessage = 1_000;

export interface ChannelStatusOptions {
  readonly channels: Pick<Channels, 'known' | 'prepare'>;
  readonly client: Pick<KubeClient, 'patch' | 'now'>;
  readonly log: Logger;
  readonly lookAgainMs?: number;
}

/** For administrators: with the reason why nobody was reached. */
const preciseOf = ({ message, cause }: Refused): string => (cause === undefined ? message : `No answer: ${cause}.`);

type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** Says in the status of channels whether they can be used, and whether they are. Every replica does; they all say the same. */
export class ChannelStatus {
  readonly #options: ChannelStatusOptions;
  readonly #stops: (() => void)[] = [];
  /** One after the other, so that no condition is lost between two. */
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ChannelStatusOptions) {
    this.#options = options;
  }

  start(): void {
    const { known } = this.#options.channels;
    this.#stops.push(known.onChange((channel) => void this.review(channel)));
    const timer = setInterval(() => known.list().forEach((channel) => void this.review(channel)), this.#options.lookAgainMs ?? lookAgainMs);
    timer.unref();
    this.#stops.push(() => clearInterval(timer));
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await this.#writing;
  }

  /** Looks whether a channel can be used, and says so. */
  review(channel: KnownChannel): Promise<void> {
    return this.#inTurn(channel, async () => {
      const prepared = await this.#options.channels.prepare(channel);
      if ('fault' in prepared) return { type: 'Ready', status: 'False', reason: prepared.reason, message: prepared.fault };
      if (channel.spec.paused)
        return { type: 'Ready', status: 'False', reason: 'Paused', message: 'spec.paused is true: nothing is sent.' };
      return { type: 'Ready', status: 'True', reason: 'Ready', message: 'config can be used, and the Secret has what is needed.' };
    });
  }

  /** Says what came of a delivery. */
  report(channel: KnownChannel, came: Delivered): Promise<void> {
    return this.#inTurn(channel, () => {
      if (came.ok) return { type: 'Delivering', status: 'True', reason: 'Delivered', message: 'The service takes what is sent.' };
      // A namespace's people choose the hosts of its channels: to them it is not said what names and addresses lead to.
      const message = channel.kind === 'ClusterNotificationChannel' ? preciseOf(came) : came.message;
      return { type: 'Delivering', status: 'False', reason: came.final ? 'Refused' : 'Failing', message };
    });
  }

  #inTurn(channel: KnownChannel, say: () => Said | Promise<Said>): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#write(this.#options.channels.known.byTarget(targetOf(channel)) ?? channel, await say());
      } catch (error) {
        if (!isNotFound(error))
          this.#options.log.warn({ err: error, channel: targetOf(channel) }, 'the status of a channel could not be written');
      }
    });
    return this.#writing;
  }

  async #write({ kind, namespace, name, uid, generation, conditions }: KnownChannel, said: Said): Promise<void> {
    const old = conditions.find(({ type }) => type === said.type);
    const message = said.message.slice(0, mostMessage);
    const isNew = old?.status !== said.status || old.reason !== said.reason || old.message !== message;
    if (!isNew && (said.type !== 'Ready' || old.observedGeneration === generation)) return;
    const lastTransitionTime = old?.status === said.status ? old.lastTransitionTime : rfc3339(this.#options.client.now());
    const next: Condition = { ...said, message, lastTransitionTime, observedGeneration: generation };
    const status: NotificationChannelStatus = {
      observedGeneration: generation,
      conditions: [...conditions.filter(({ type }) => type !== said.type), next].sort((a, b) => (a.type < b.type ? 1 : -1)),
    };
    const type = kind === 'NotificationChannel' ? notificationChannels : clusterNotificationChannels;
    const ref = namespace === undefined ? { name } : { namespace, name };
    const { client, channels } = this.#options;
    channels.known.observe(await client.patch(type, ref, { metadata: { uid }, status }, { type: 'merge', subresource: 'status' }));
  }
}
