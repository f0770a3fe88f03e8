import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { Metrics } from '../../../operator/telemetry/metrics.ts';
import type { Outside } from '../../../operator/notify/contract.ts';
import { callbacksDue } from '../callbacks/due.ts';
import { CallbackDeliverer } from '../callbacks/deliverer.ts';
import type { Channels } from '../channels/channels.ts';
import { ChannelSecrets } from '../channels/secrets.ts';
import type { ChannelStatus } from '../channels/status.ts';
import { Worker } from '../deliveries/worker.ts';
import type { Known } from '../known.ts';
import type { KnownExecution } from '../executions.ts';
import type { KnownRequest } from '../requests.ts';
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
  readonly outside: Outside;
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
  const callback = new CallbackDeliverer({ ...options, secrets: new ChannelSecrets(client) });
  const workers = [
    new Worker({ store, log, metrics, kind: 'Notice', deliverer: notice }),
    new Worker({ store, log, metrics, kind: 'Callback', deliverer: callback }),
  ];
  const kick = (): void => workers.forEach((worker) => worker.kick());
  const owing = new Owing({
    store,
    known,
    directory,
    channels: channels.known,
    stageChannels,
    besides: (request, now) => callbacksDue(request, executionOf(known, request), now),
    isSynced,
    onOwed: kick,
    log,
  });
  // What a GovernedJob put out is known after its request says that it has ended.
  const stopListening = known.executions.onChange((execution) => {
    const request = requestOf(known, execution);
    if (request !== undefined) owing.look(request.uid);
  });
  owing.start();
  for (const worker of workers) worker.start();
  return {
    isSynced: () => stageChannels.isSynced(),
    kick,
    stop: async () => {
      stopListening();
      await owing.stop();
      await Promise.all(workers.map((worker) => worker.stop()));
      await stageChannels.stop();
    },
  };
}

function requestOf({ requests }: Known, { namespace, status }: KnownExecution): KnownRequest | undefined {
  const name = status?.approvalRequest?.name;
  return name === undefined ? undefined : requests.get(namespace, name);
}

function executionOf({ executions }: Known, { namespace, spec }: KnownRequest): KnownExecution | undefined {
  const { resource } = spec.subject;
  const found = resource?.kind === 'GovernedJob' ? executions.get(namespace, resource.name) : undefined;
  return found?.uid === resource?.uid ? found : undefined;
}
