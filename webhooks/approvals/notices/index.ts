import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { Metrics } from '../../../operator/telemetry/metrics.ts';
import type { Channels } from '../channels/channels.ts';
import type { ChannelStatus } from '../channels/status.ts';
import { Worker } from '../deliveries/worker.ts';
import type { Known } from '../known.ts';
import { Links } from '../links/index.ts';
import type { RequestDeps } from '../routes/deps.ts';
import type { Store } from '../store/index.ts';
import { ChannelEvents } from './channelEvents.ts';
import { NoticeDeliverer } from './deliverer.ts';
import { watchStageChannels } from './notify.ts';
import { Owing } from './owing.ts';

export interface NoticesOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly store: Store;
  readonly known: Known;
  readonly channels: Channels;
  readonly status: ChannelStatus;
  readonly channelsSynced: () => boolean;
  readonly permissions: RequestDeps['permissions'];
  /** Where people find the service. */
  readonly origin: string;
  /** How long links in mails are good for. */
  readonly linkLifeMs: number;
}

/** What is owed to the outside, noticed and delivered. */
export interface Notices {
  isSynced(): boolean;
  /** Something was owed again. */
  kick(): void;
  stop(): Promise<void>;
}

/** Begins to tell people what waits for them, and what became of it. */
export function openNotices(options: NoticesOptions): Notices {
  const { client, log, metrics, store, known, channels, origin } = options;
  const stageChannels = watchStageChannels(options);
  const isSynced = (): boolean => known.isSynced() && options.channelsSynced() && stageChannels.isSynced();
  const links = new Links({ store, origin, lifeMs: options.linkLifeMs });
  const events = new ChannelEvents(client, log);
  const directory = known.approvers;
  const notice = new NoticeDeliverer({ ...options, directory, events, links });
  const worker = new Worker({ store, log, metrics, kind: 'Notice', deliverer: notice });
  const owing = new Owing({
    store,
    known,
    directory,
    channels: channels.known,
    stageChannels,
    isSynced,
    onOwed: () => worker.kick(),
    log,
  });
  owing.start();
  worker.start();
  return {
    isSynced: () => stageChannels.isSynced(),
    kick: () => worker.kick(),
    stop: async () => {
      await owing.stop();
      await worker.stop();
      await stageChannels.stop();
    },
  };
}
