import { channels as types } from '../../../operator/notify/index.ts';
import type { Channel, Delivered, Means, Notice, Outside, Reference } from '../../../operator/notify/contract.ts';
import { configOf, secretOf } from '../../../operator/notify/settings.ts';
import { tell } from '../../../operator/notify/tell.ts';
import type { KnownChannel, KnownChannels } from './known.ts';
import type { ChannelSecrets } from './secrets.ts';

/** A channel that can be used, or why it cannot. */
export type Prepared =
  | { readonly channel: Channel; readonly means: Means }
  | { readonly reason: 'InvalidConfig' | 'SecretMissing' | 'SecretForbidden' | 'SecretIncomplete'; readonly fault: string };

export interface ChannelsOptions {
  readonly known: KnownChannels;
  readonly secrets: Pick<ChannelSecrets, 'read'>;
  /** The operator's namespace, where Secrets of ClusterNotificationChannels are. */
  readonly ownNamespace: string;
  readonly outside: Outside;
  readonly now?: () => number;
}

/** The channels, ready to be used. */
export class Channels {
  readonly known: KnownChannels;
  readonly #options: ChannelsOptions;

  constructor(options: ChannelsOptions) {
    this.#options = options;
    this.known = options.known;
  }

  /** @throws when its Secret cannot be asked for now. */
  async prepare({ kind, namespace, spec }: KnownChannel): Promise<Prepared> {
    const channel = types[spec.type];
    const made = configOf(channel, spec.config);
    if ('faults' in made) return { reason: 'InvalidConfig', fault: `${made.faults.join('; ')}.` };
    let data: Readonly<Record<string, string>> | undefined;
    if (spec.secretRef !== undefined) {
      const found = await this.#options.secrets.read(namespace ?? this.#options.ownNamespace, spec.secretRef.name);
      if ('fault' in found) return found;
      data = found.data;
    }
    const read = secretOf(channel, data);
    if ('fault' in read) return { reason: 'SecretIncomplete', fault: read.fault };
    const { secret } = read;
    // Whoever knows the signing secret can say that anybody clicked: only an administrator's may be believed.
    const interactive = kind === 'ClusterNotificationChannel' && secret['signingSecret'] !== undefined;
    const { outside, now = Date.now } = this.#options;
    return { channel, means: { config: made.config, secret, outside, interactive, now } };
  }

  /** Tells by a channel; with the reference of an earlier delivery, brings that up to date. Never throws. What is not ready may become so. */
  async tell(known: KnownChannel, notice: Notice, reference?: Reference): Promise<Delivered> {
    try {
      const prepared = await this.prepare(known);
      if ('fault' in prepared) return { ok: false, final: false, message: prepared.fault };
      return await tell(prepared.channel, notice, prepared.means, reference);
    } catch {
      return { ok: false, final: false, message: 'The Secret of the channel could not be read just now.' };
    }
  }
}
