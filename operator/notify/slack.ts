import { z } from 'zod';
import { isSettled, type Channel, type Delivered, type Means, type Notice } from './contract.ts';
import { HttpsUrl } from './fields.ts';
import { slackApi } from './slackApi.ts';
import { blocksOf, fallbackOf } from './slackBlocks.ts';

const Config = z.strictObject({
  channel: z
    .string()
    .regex(/^[CGD][A-Z0-9]{2,20}$/, "expected the id of a channel, such as C0123456789; it is at the end of the channel's details")
    .optional()
    .describe('The id of the channel that is told. Left out: everybody gets a direct message, whose Approver has a slackId.'),
  team: z
    .string()
    .regex(/^[TE][A-Z0-9]{2,20}$/, 'expected the id of a workspace, such as T0123456789')
    .optional()
    .describe('The id of the workspace. With it, nobody of another workspace may decide by a button.'),
  apiUrl: HttpsUrl.default('https://slack.com/api').describe('Where the Web API is; https://slack-gov.com/api for GovSlack.'),
});
export type SlackConfig = z.infer<typeof Config>;

const Posted = z.object({ channel: z.string().max(64), ts: z.string().max(64) });

/** Messages with buttons, in one channel or to each person; changed when it is decided. */
export const slack: Channel<SlackConfig> = {
  type: 'Slack',
  config: Config,
  secretKeys: [
    {
      name: 'token',
      required: true,
      description: 'The bot token of the app, which starts with xoxb-. It needs chat:write, and im:write for direct messages.',
    },
    {
      name: 'signingSecret',
      required: false,
      description:
        "The app's signing secret, for a ClusterNotificationChannel: then its buttons decide. Without it, and in a NotificationChannel, they open the request.",
    },
  ],
  tells: ({ channel }) => (channel === undefined ? 'Person' : 'Place'),
  reaches: ({ slackId }, { channel }) => channel !== undefined || slackId !== undefined,
  deliver: async (notice, means) => {
    const to = means.config.channel ?? notice.recipients[0]?.slackId;
    if (to === undefined)
      return { ok: false, final: true, message: 'Not sent: there is no slackId for them; add spec.slackId to their Approver.' };
    return posted('chat.postMessage', { channel: to, ...messageOf(notice, means), unfurl_links: false, unfurl_media: false }, means);
  },
  update: (notice, { channel, ts }, means) => posted('chat.update', { channel, ts, ...messageOf(notice, means) }, means),
};

function messageOf(notice: Notice, { config, interactive = false }: Means<SlackConfig>) {
  const place = slack.tells(config) === 'Place';
  return { text: fallbackOf(notice), blocks: blocksOf(notice, { place, buttons: interactive && !isSettled(notice) }) };
}

async function posted(method: string, body: Readonly<Record<string, unknown>>, means: Means<SlackConfig>): Promise<Delivered> {
  const { apiUrl } = means.config;
  const came = await slackApi(method, body, { apiUrl, token: means.secret['token'] ?? '', outside: means.outside });
  if (!came.ok) return came;
  const parsed = Posted.safeParse(came.answer);
  return parsed.success
    ? { ok: true, reference: parsed.data }
    : { ok: false, final: false, message: 'Slack did not say where the message is.' };
}
