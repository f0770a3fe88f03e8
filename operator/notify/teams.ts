import { z } from 'zod';
import { asks, factsOf, headline, runsOf, shortened, titleOf } from './wording.ts';
import type { Channel, Notice } from './contract.ts';
import { HttpsUrl } from './fields.ts';
import { isTaken, refusalOf } from './refusal.ts';

const Config = z.strictObject({});

/** Where workflows are reached: Power Automate's own hosts, and those of Logic Apps that somebody runs for it. */
const known = ['*.api.powerplatform.com', '*.logic.azure.com'];
/** https://learn.microsoft.com/connectors/teams/, known issues: the message that a workflow posts has about 28 KB at most, all of its markup included. */
const mostBytes = 24 * 1024;

/**
 * A card in a channel or chat of Microsoft Teams, by a workflow.
 *
 * Written by https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using: a message whose one attachment is an Adaptive
 * Card; of actions, opening an address is one that works there. A workflow answers 202 before it has posted, so what it makes of the card is not known here.
 */
export const teams: Channel<z.infer<typeof Config>> = {
  type: 'Teams',
  config: Config,
  secretKeys: [
    {
      name: 'url',
      required: true,
      description: 'The address of the workflow, which is all that it takes to post there: a secret like any password.',
    },
  ],
  tells: () => 'Place',
  deliver: async (notice, { secret, outside }) => {
    const url = HttpsUrl.safeParse(secret['url']);
    // The address itself is secret: it is in no sentence.
    if (!url.success) return { ok: false, final: true, message: 'Not sent: url in the Secret is no address that starts with https://.' };
    const answer = await outside.call({
      method: 'POST',
      url: url.data,
      headers: { 'content-type': 'application/json' },
      body: bodyOf(notice),
      known,
    });
    return isTaken(answer) ? { ok: true } : refusalOf('The workflow', answer);
  },
};

/** As much as fits: what would run is on the request's page too. */
function bodyOf(notice: Notice): string {
  for (const mostLines of [40, 10, 0]) {
    for (const mostText of [2_000, 400, 100]) {
      const body = JSON.stringify(messageOf(notice, mostLines, mostText));
      if (Buffer.byteLength(body) <= mostBytes) return body;
    }
  }
  return JSON.stringify(messageOf({ ...notice, request: { ...notice.request, runs: [], stages: [], decisions: [] } }, 0, 100));
}

function messageOf(notice: Notice, mostLines: number, mostText: number) {
  const lines = runsOf(notice.request)
    .slice(0, mostLines)
    .map((line) => shortened(line, mostText));
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: [
            rich([run(headline(notice), { size: 'Large', weight: 'Bolder', color: colours[notice.event] ?? 'Default' })]),
            rich([run(titleOf(notice))]),
            ...factsOf(notice).map(({ name, value }) => rich([run(`${name}: `, { weight: 'Bolder' }), run(shortened(value, mostText))])),
            ...lines.map((line) => rich([run(line, { fontType: 'Monospace' })])),
          ],
          actions: [{ type: 'Action.OpenUrl', title: asks(notice) ? 'Open to decide' : 'Open the request', url: notice.request.url }],
        },
      },
    ],
  };
}

const colours: Readonly<Partial<Record<Notice['event'], string>>> = {
  Approved: 'Good',
  Completed: 'Good',
  Rejected: 'Attention',
  Failed: 'Attention',
  Escalated: 'Warning',
};

// Text runs, unlike text blocks and facts, know no Markdown: what others wrote can be no link.
const rich = (inlines: unknown[]) => ({ type: 'RichTextBlock', inlines });
const run = (text: string, style: Readonly<Record<string, string>> = {}) => ({ type: 'TextRun', text, ...style });
