import type { Notice, Recipient } from './contract.ts';
import { asks, factsOf, headline, runsOf, shortened, titleOf } from './wording.ts';

/** The subject of a button, as it comes back with a click. It says what was shown, never who clicked. */
export interface ButtonValue {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly digest: string;
}

export const approveAction = 'countersign-approve';
export const rejectAction = 'countersign-reject';

// https://docs.slack.dev/reference/block-kit/blocks/header-block: 150 characters. Rich text has no limit that is documented: what sections have, 3000.
const mostHeader = 150;
const mostBlock = 3_000;
const mostMentions = 20;

interface Look {
  /** Everybody in a channel sees it: those who are asked are mentioned. */
  readonly place: boolean;
  /** A click decides; otherwise buttons open a page. */
  readonly buttons: boolean;
}

/**
 * The message as blocks. They have no `block_id`: Slack gives each its own, which has to be another one whenever a message is changed. What others wrote stands in plain text and in rich text, which, unlike mrkdwn, know no mentions and no links.
 */
export function blocksOf(notice: Notice, look: Look): unknown[] {
  const facts = factsOf(notice).flatMap(({ name, value }) => [bold(`${name}: `), text(`${value}\n`)]);
  const runs = runsOf(notice.request);
  const mentions = look.place && asks(notice) ? mentionsOf(notice.recipients) : [];
  const buttons = buttonsOf(notice, look.buttons);
  return [
    { type: 'header', text: plain(shortened(headline(notice), mostHeader)) },
    { type: 'rich_text', elements: [section([text(`${titleOf(notice)}\n`), ...mentions])] },
    { type: 'rich_text', elements: [section(fitted(facts))] },
    ...(runs.length === 0
      ? []
      : [{ type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements: [text(shortened(runs.join('\n'), mostBlock))] }] }]),
    ...(buttons.length === 0 ? [] : [{ type: 'actions', elements: buttons }]),
  ];
}

/** For notifications and screen readers. */
export const fallbackOf = (notice: Notice): string => escaped(shortened(titleOf(notice), mostBlock));

/** For a field that is mrkdwn: its three control characters. */
export const escaped = (words: string): string => words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

interface Text {
  readonly type: 'text';
  readonly text: string;
  readonly style?: { readonly bold: true };
}

const plain = (words: string) => ({ type: 'plain_text', text: words, emoji: false });
const text = (words: string): Text => ({ type: 'text', text: words });
const bold = (words: string): Text => ({ type: 'text', text: words, style: { bold: true } });
const section = (elements: readonly unknown[]) => ({ type: 'rich_text_section', elements });

/** As many as one block may hold; the last is shortened. */
function fitted(elements: readonly Text[]): Text[] {
  let left = mostBlock;
  return elements.flatMap((element) => {
    if (left < 2) return [];
    const fits = { ...element, text: shortened(element.text, left) };
    left -= fits.text.length;
    return [fits];
  });
}

const mentionsOf = (recipients: readonly Recipient[]): unknown[] =>
  recipients
    .flatMap(({ slackId }) => (slackId === undefined ? [] : [{ type: 'user', user_id: slackId }, text(' ')]))
    .slice(0, 2 * mostMentions);

/** Whoever runs the app can read all that it sent, so no link is among them by which somebody decides without saying who they are. */
function buttonsOf({ request }: Notice, decide: boolean): unknown[] {
  const { namespace, name, uid, digest, url } = request;
  const open = button('countersign-open', 'Open the request', { url });
  if (!decide) return [open];
  const value: ButtonValue = { namespace, name, uid, digest };
  return [
    button(approveAction, 'Approve', { style: 'primary', value: JSON.stringify(value) }),
    button(rejectAction, 'Reject', { style: 'danger', value: JSON.stringify(value) }),
    open,
  ];
}

/** https://docs.slack.dev/reference/block-kit/block-elements/button-element: 255 characters of action_id, 75 of text, 2000 of value, 3000 of url. */
const button = (actionId: string, label: string, more: Readonly<Record<string, string>>) => ({
  type: 'button',
  action_id: actionId,
  text: plain(label),
  ...more,
});
