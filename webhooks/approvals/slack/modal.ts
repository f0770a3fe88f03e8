import { oneLine } from '../../../operator/core/printable.ts';
import { shortened } from '../../../operator/notify/wording.ts';
import { callbackId, reasonBlock, ticketBlock, type Asked } from './payload.ts';

// https://docs.slack.dev/reference/views/modal-views: 24 characters for titles and buttons, 3000 for private_metadata. It is opened within three seconds of the
// click, or its trigger_id is over; https://docs.slack.dev/interactivity/handling-user-interaction: a response_url takes five answers in half an hour, of which
// one click and its form use two at most.
const plain = (text: string) => ({ type: 'plain_text', text, emoji: false });

/** The modal that asks for the reason. It says once more what is decided, as whom. */
export function modalFor(asked: Asked, username: string): Readonly<Record<string, unknown>> {
  const about = `${oneLine(`${asked.namespace}/${asked.name}`)}\nAs ${oneLine(username)}\n${oneLine(asked.digest)}`;
  return {
    type: 'modal',
    callback_id: callbackId,
    title: plain(asked.verdict === 'Approve' ? 'Approve?' : 'Reject?'),
    submit: plain(asked.verdict),
    close: plain('Cancel'),
    private_metadata: JSON.stringify(asked),
    blocks: [
      { type: 'section', text: plain(shortened(about, 3_000)) },
      input(reasonBlock, 'Reason', { multiline: true, max_length: 1024 }),
      input(ticketBlock, 'Ticket', { max_length: 256 }),
    ],
  };
}

const input = (block: string, label: string, more: Readonly<Record<string, unknown>>) => ({
  type: 'input',
  block_id: block,
  optional: true,
  label: plain(label),
  element: { type: 'plain_text_input', action_id: 'value', ...more },
});

/** The answer that keeps the modal open, and says why below the reason. */
export const refusedInModal = (sentence: string): Readonly<Record<string, unknown>> => ({
  response_action: 'errors',
  errors: { [reasonBlock]: shortened(oneLine(sentence), 1_000) },
});
