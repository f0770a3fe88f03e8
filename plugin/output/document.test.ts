import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatOf, serialize } from './document.ts';
import { yaml } from './yaml.ts';

const nasty = {
  clear: '\u001b[2J',
  c1: 'y\u009bz',
  bidi: 'a\u202eb\nsecond',
  tag: '\u{e0041}',
  'k\u202e': 1,
  plain: 'one\ntwo',
  emoji: '😀',
};

describe('serialize', () => {
  it.each(['json', 'yaml'] as const)('writes %s that says the same and cannot steer a terminal', async (format) => {
    const text = await serialize(nasty, format);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(format === 'json' ? JSON.parse(text) : parse(text)).toEqual(nasty);
  });

  it('quotes what kubectl would not read as a string', () => {
    expect(yaml({ a: 'yes', b: '012', c: '2026-11-21T09:38:49Z', d: 'null', e: true })).toBe(
      'a: "yes"\nb: "012"\nc: "2026-11-21T09:38:49Z"\nd: "null"\ne: true\n',
    );
  });

  it('keeps long lines whole and repeats what occurs twice', () => {
    const shared = { key: 'x '.repeat(100) };
    expect(yaml({ a: shared, b: shared })).toBe(`a:\n  key: "${shared.key}"\nb:\n  key: "${shared.key}"\n`);
  });
});

describe('formatOf', () => {
  it('suggests the format that was probably meant', () => {
    expect(() => formatOf('jsn', ['json', 'yaml'])).toThrow('-o jsn is not known here; expected json, yaml; did you mean json?');
    expect(() => formatOf('wide', ['json', 'yaml'])).toThrow('-o wide is not known here; expected json, yaml.');
    expect(formatOf(undefined, ['json'])).toBeUndefined();
  });
});
