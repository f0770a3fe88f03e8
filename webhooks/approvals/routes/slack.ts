import { Problem } from '../http/problem.ts';
import { route, type Route } from '../http/route.ts';
import { SlackInteractions, type SlackDeps } from '../slack/interactions.ts';
import { interactionOf } from '../slack/payload.ts';
import { isTimely, windowSeconds } from '../slack/signature.ts';
import { isFirstTime } from '../store/seen.ts';
import type { Store } from '../store/index.ts';

export interface SlackRouteDeps {
  readonly slack: SlackInteractions;
  readonly store: Store;
  readonly now?: () => number;
}

export { SlackInteractions, type SlackDeps };

/** One wording for whatever is wrong: whoever tries out learns nothing. */
const notFromSlack = (): Problem =>
  new Problem(401, 'not-from-slack', 'This call is not signed by a Slack app that is known here, or not now, or it came before.');

/** Where Slack tells of clicks and of modals that were submitted. */
export const slackRoutes = ({ slack, store, now = Date.now }: SlackRouteDeps): Route[] => [
  route({
    method: 'post',
    path: '/slack/interactive',
    summary: 'Clicks in Slack',
    description:
      "The Request URL of a Slack app's interactivity. The app's signing secret is that of a ClusterNotificationChannel of type Slack. Who decides is whom Slack names, mapped by the Approver objects.",
    tag: 'Channels',
    access: 'anybody',
    rawBody: true,
    answers: {
      200: { description: 'It was taken. The body, if any, is for Slack.' },
      401: { description: 'It is not signed as it must be.' },
    },
    handle: async ({ rawBody: raw = Buffer.alloc(0), headers }) => {
      const signed = { timestamp: headers['x-slack-request-timestamp'], signature: headers['x-slack-signature'], raw };
      if (!isTimely(signed, now())) throw notFromSlack();
      const app = await slack.appOf(signed);
      if (app === undefined) throw notFromSlack();
      // Remembered for as long as it could come again in time.
      const forgetAt = now() + 2 * windowSeconds * 1000;
      if (!(await isFirstTime(store, `slack:${signed.signature ?? ''}`, forgetAt, now()))) throw notFromSlack();
      const interaction = interactionOf(payloadIn(raw));
      const told = interaction === undefined ? undefined : await slack.on(interaction, app);
      return told === undefined ? { status: 200 } : { status: 200, body: told };
    },
  }),
];

/** The JSON in the form's field `payload`; undefined for anything else. */
function payloadIn(raw: Buffer): unknown {
  try {
    return JSON.parse(new URLSearchParams(raw.toString('utf8')).get('payload') ?? '');
  } catch {
    return undefined;
  }
}
