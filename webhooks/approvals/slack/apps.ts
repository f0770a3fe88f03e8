import type { SlackConfig } from '../../../operator/notify/slack.ts';
import type { SlackAccess } from '../../../operator/notify/slackApi.ts';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { Channels } from '../channels/channels.ts';
import { targetOf, type KnownChannel } from '../channels/known.ts';
import { unavailable } from '../http/failures.ts';
import { hasSignature, isSignedWith, type Signed } from './signature.ts';

/** A Slack app of the administrator's, by which clicks are believed. */
export interface SlackApp extends SlackAccess {
  readonly team: string | undefined;
}

export interface SlackAppsOptions {
  readonly channels: Pick<Channels, 'known' | 'prepare'>;
  readonly log: Logger;
  /** Milliseconds since the epoch; a test may give its own. */
  readonly now?: () => number;
}

interface Signing {
  readonly signingSecret: string;
  readonly app: SlackApp;
}

/** What was read of all channels; of some it may have been impossible. */
interface Read {
  readonly signing: readonly Signing[];
  readonly areAllRead: boolean;
}

/** How long what was read is believed: a channel that is changed counts after that. */
const keepMs = 5_000;

/**
 * The apps that may sign. Anybody can send a call whose signature is still to be checked, so none of them causes anything to be read: every Secret is read once
 * in five seconds at most, whoever calls how often, and never twice at the same time.
 */
export class SlackApps {
  readonly #options: SlackAppsOptions;
  #kept: { readonly read: Promise<Read>; until: number } | undefined;

  constructor(options: SlackAppsOptions) {
    this.#options = options;
  }

  /** The app whose signing secret the call is signed with. @throws Problem 503 when it fits none that could be read, and some could not. */
  async signerOf(signed: Signed): Promise<SlackApp | undefined> {
    if (!hasSignature(signed)) return undefined;
    const { signing, areAllRead } = await this.#read();
    const found = signing.find(({ signingSecret }) => isSignedWith(signingSecret, signed));
    if (found === undefined && !areAllRead) throw unavailable('Not every signing secret can be read just now');
    return found?.app;
  }

  #read(): Promise<Read> {
    const { now = Date.now } = this.#options;
    if (this.#kept !== undefined && this.#kept.until > now()) return this.#kept.read;
    const kept = { read: this.#readAll(), until: Infinity };
    this.#kept = kept;
    void kept.read.then(() => {
      kept.until = now() + keepMs;
    });
    return kept.read;
  }

  /** Never rejects: what is wrong with one channel keeps nobody from clicking in the others. */
  async #readAll(): Promise<Read> {
    const { channels, log } = this.#options;
    const ours = channels.known.list().filter(({ kind, spec }) => kind === 'ClusterNotificationChannel' && spec.type === 'Slack');
    let areAllRead = true;
    const read = await Promise.all(
      ours.map((channel) =>
        this.#signingOf(channel).catch((error: unknown) => {
          areAllRead = false;
          log.warn({ err: error, channel: targetOf(channel) }, 'the signing secret of a Slack channel could not be read');
          return undefined;
        }),
      ),
    );
    return { signing: read.filter((signing) => signing !== undefined), areAllRead };
  }

  /** Only of channels of the cluster: whoever has a signing secret can name any clicker. */
  async #signingOf(channel: KnownChannel): Promise<Signing | undefined> {
    const prepared = await this.#options.channels.prepare(channel);
    if ('fault' in prepared || prepared.means.interactive !== true) return undefined;
    const { secret, outside, config } = prepared.means;
    const { apiUrl, team } = config as SlackConfig;
    return { signingSecret: secret['signingSecret'] ?? '', app: { apiUrl, team, token: secret['token'] ?? '', outside } };
  }
}
