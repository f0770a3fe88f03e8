import { describe, expect, it } from 'vitest';
import { documentOf, html } from './html.ts';
import { jsonText, visible } from './text.ts';

const shown = (text: string, lines: 'one' | 'many' = 'one'): string => documentOf(html`<p>${visible(text, lines)}</p>`);
const mark = (spelt: string): string => `<mark class="hidden-char" title="a character that cannot be seen">${spelt}</mark>`;

describe('text that others wrote', () => {
  it('is text and never markup', () => {
    expect(shown('<script>alert(1)</script>&amp;"')).toBe('<!doctype html><p>&lt;script>alert(1)&lt;/script>&amp;amp;&quot;</p>');
  });

  it.each([
    ['what turns the reading direction', 'a\u202eb', '\\u202e'],
    ['what has no width', 'a\u200bb', '\\u200b'],
    ['what steers a terminal', 'a\u001bb', '\\u001b'],
    ['a tag that nobody sees', 'a\u{e0041}b', '\\u{e0041}'],
    ['half a character', 'a\ud800b', '\\ud800'],
    ['a line end of another alphabet', 'a\u2028b', '\\u2028'],
    ['a byte order mark', 'a\ufeffb', '\\ufeff'],
  ])('has %s spelt out and marked', (_what, text, spelt) => {
    expect(shown(text)).toBe(`<!doctype html><p>a${mark(spelt)}b</p>`);
  });

  it('keeps its lines where it has lines, and shows them where it must be one', () => {
    expect(shown('a\n\tb', 'many')).toBe('<!doctype html><p>a\n\tb</p>');
    expect(shown('a\nb')).toBe(`<!doctype html><p>a${mark('\\n')}b</p>`);
  });

  it('of every alphabet is shown as it is', () => {
    expect(shown('Überweisung 汇款 دفع 👩')).toBe('<!doctype html><p>Überweisung 汇款 دفع 👩</p>');
  });

  it('inside of JSON is no other', () => {
    expect(documentOf(html`<pre>${jsonText({ '\u202ekey': 'va\u200blue' })}</pre>`)).toContain(mark('\\u202e'));
  });
});
