import { instant, relative } from '../../../operator/core/age.ts';
import { oneLine, printable } from '../../../operator/core/printable.ts';
import { html, type Html } from './html.ts';

/**
 * Text that others wrote, as an approver is shown it: what is invisible, or would reorder what is on the line, is spelt out and marked, so that
 * nobody approves something other than what is there. `lines`: line breaks and tabs are kept.
 */
export function visible(text: string, lines: 'one' | 'many' = 'one'): Html {
  const show = lines === 'many' ? printable : oneLine;
  const parts: Html[] = [];
  let plain = '';
  for (const char of text) {
    const shown = show(char);
    if (shown === char) plain += char;
    else {
      parts.push(plain, html`<mark class="hidden-char" title="a character that cannot be seen">${shown}</mark>`);
      plain = '';
    }
  }
  return parts.length === 0 ? plain : [...parts, plain];
}

/** A moment, in words and exactly. */
export const moment = (time: string, now: number): Html =>
  html`<time datetime=${time} title=${instant(time)}>${relative(time, now)}</time>`;

/** A value as people read it: JSON, with what cannot be seen spelt out. */
export const jsonText = (value: unknown): Html => visible(JSON.stringify(value, null, 2), 'many');
