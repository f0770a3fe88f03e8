import type { Outside } from '../../../operator/notify/contract.ts';
import type { WatchingOptions } from '../watching.ts';
import { Channels } from './channels.ts';
import { watchChannels } from './known.ts';
import { ChannelSecrets } from './secrets.ts';
import { ChannelStatus } from './status.ts';

export interface OpenChannelsOptions extends WatchingOptions {
  /** The operator's own namespace. */
  readonly ownNamespace: string;
  readonly outside: Outside;
}

/** The channels, watched and looked after. */
export interface OpenChannels {
  readonly channels: Channels;
  /** What came of deliveries is reported there. */
  readonly status: ChannelStatus;
  isSynced(): boolean;
  stop(): Promise<void>;
}

/** Begins to watch channels, and to say in their status whether they can be used. */
export function openChannels(options: OpenChannelsOptions): OpenChannels {
  const known = watchChannels(options);
  const channels = new Channels({ ...options, known, secrets: new ChannelSecrets(options.client) });
  const status = new ChannelStatus({ ...options, channels });
  status.start();
  return {
    channels,
    status,
    isSynced: () => known.isSynced(),
    stop: async () => {
      await status.stop();
      await known.stop();
    },
  };
}
