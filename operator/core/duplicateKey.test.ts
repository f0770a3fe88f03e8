import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateKey } from './duplicateKey.ts';

describe('a key that an object has twice', () => {
  it.each([
    ['{"amount": 50, "amount": 50000}', 'amount'],
    ['{"amount":50,"amount":50}', 'amount'],
    ['{"payer": {"name": "a", "amount": 1, "name": "b"}}', 'payer.name'],
    ['{"payers": [{"name": "a"}, {"name": "b", "name": "c"}]}', 'payers.name'],
    ['{"amount": 1, "\\u0061mount": 2}', 'amount'],
    ['{"": 1, "": 2}', ''],
    ['{"a\\"": 1, "a\\"": 2}', 'a"'],
    ['{"__proto__": 1, "__proto__": 2}', '__proto__'],
    ['{"a": {"b": 1}, "a": 2}', 'a'],
    ['{"a": "\\\\", "a": 2}', 'a'],
    ['[[{"x": 1, "x": 2}]]', 'x'],
  ])('is found in %s', (text, key) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
    expect(duplicateKey(text)).toBe(key);
  });

  it.each([
    '{}',
    '{"a": 1, "b": 2}',
    '{"a": {"a": {"a": 1}}}',
    '[{"a": 1}, {"a": 2}]',
    '{"a": "\\"a\\": 1, {", "b": "a"}',
    '{"a": "a", "b": ["a", "a"]}',
    '{"A": 1, "a": 2}',
    '{"é": 1, "e\u0301": 2}',
    '"a:a"',
    'null',
    '{"a": 1, "a": 2',
    '{"\\x": 1, "a": 1, "a": 2}',
    '',
  ])('is not seen in %s', (text) => {
    expect(duplicateKey(text)).toBeUndefined();
  });

  it('is never seen in what was written from a value, and always where an entry is written once more', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.nat(), fc.jsonValue(), (object, pick, value) => {
        const text = JSON.stringify(object);
        expect(duplicateKey(text)).toBeUndefined();
        const keys = Object.keys(object);
        const again = keys[pick % keys.length] ?? '';
        expect(duplicateKey(`${text.slice(0, -1)},${JSON.stringify(again)}:${JSON.stringify(value)}}`)).toBe(again);
      }),
    );
  });

  it('is looked for in time that grows with the text, however it is nested', () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    expect(duplicateKey(deep)).toBeUndefined();
    expect(duplicateKey(`{"a":"${'\\\\'.repeat(100_000)}","a":1}`)).toBe('a');
  });
});
