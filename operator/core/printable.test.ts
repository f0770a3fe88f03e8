import { describe, expect, it } from 'vitest';
import { largeVariables } from '../../test/fixtures/cel/attacks.ts';
import { oneLine, printable, printableValue } from './printable.ts';

describe('printable', () => {
  it.each([
    ['an escape sequence that would clear the screen', '\u001b[2Jpayroll', '\\u001b[2Jpayroll'],
    ['a one-character control sequence introducer', '\u009b31mred', '\\u009b31mred'],
    ['a carriage return that would overwrite the line', 'amount: 9\rBIG', 'amount: 9\\u000dBIG'],
    ['a bidirectional override', 'image\u202egpj.exe', 'image\\u202egpj.exe'],
    ['a zero-width space', 'pay\u200broll', 'pay\\u200broll'],
    ['a tag character beyond the basic plane', 'a\u{e0041}b', 'a\\u{e0041}b'],
    ['a lone surrogate', 'a\ud800b', 'a\\ud800b'],
  ])('spells out %s', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('keeps line breaks, tabs, umlauts and other scripts', () => {
    expect(printable('für 日本\n\tzwei')).toBe('für 日本\n\tzwei');
  });

  it('puts line breaks into words where one line is wanted', () => {
    expect(oneLine('ok\nrequested by: root')).toBe('ok\\nrequested by: root');
  });

  it('reaches into objects, lists and keys', () => {
    expect(printableValue({ 'a\u001b': ['\u0007', 1, null, true] })).toEqual({ 'a\\u001b': ['\\u0007', 1, null, true] });
  });

  it('ends where something is nested deeper than anybody writes', () => {
    const { context } = largeVariables as { context: { deep: unknown } };
    const shown = JSON.stringify(printableValue({ name: 'wire', context: context.deep }));
    expect(shown).toContain('{"name":"wire","context":[[[');
    expect(shown).toContain('[["… (nested too deep to be shown)"]]');
  });
});
