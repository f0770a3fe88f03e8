import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, contentDigest, digestOf, digestPattern, type Claim } from './digest.ts';

describe('RFC 8785', () => {
  it('gives the canonical form of the example in section 3.2.3', () => {
    const input = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`) as unknown;
    const expected = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`;
    expect(canonicalJson(input)).toBe(expected);
  });

  it('gives the very bytes of section 3.2.4', () => {
    const input = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`) as unknown;
    const bytes = `7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72 75 65 2c 66 61 6c 73 65 5d 2c 22 6e
      75 6d 62 65 72 73 22 3a 5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31 65 2b 33 30 2c 34 2e 35
      2c 30 2e 30 30 32 2c 31 65 2d 32 37 5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30 30 66 5c 6e
      41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d`;
    expect(Buffer.from(canonicalJson(input), 'utf8').toString('hex')).toBe(bytes.replace(/\s+/g, ''));
  });

  it('sorts keys by UTF-16 code units, as in section 3.2.3', () => {
    const input = JSON.parse(String.raw`{
      "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
    }`) as object;
    const order = [...canonicalJson(input).matchAll(/:"([^"]+)"/g)].map(([, value]) => value);
    expect(order).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  // The finite samples of appendix B: IEEE 754 bits and their ECMAScript form.
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number %s as %s', (bits, expected) => {
    expect(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE())).toBe(expected);
  });

  it.each([
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['nothing', undefined],
    ['a lone surrogate', { a: ['\ud800'] }],
    ['a lone surrogate in a key', { '\udc00': 1 }],
  ])('refuses %s', (_what, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'Undigestible' }));
  });
});

const claim: Claim = {
  subject: { apiVersion: 'batch/v1', kind: 'Job', namespace: 'payments', name: 'wire', uid: 'u1', content: contentDigest({ a: 1 }) },
  operation: 'wire-transfer',
  context: { amount: 50_000, to: { name: 'BigCorp' } },
  reason: 'why',
  ticket: 'CHG-1',
};

describe('a digest', () => {
  it('is the SHA-256 of the canonical JSON, so that anybody can check it', () => {
    const expected = createHash('sha256').update('{"operation":"x","subject":{"external":{"id":"1","system":"t"}}}').digest('hex');
    expect(digestOf({ operation: 'x', subject: { external: { system: 't', id: '1' } } })).toBe(`v1:sha256:${expected}`);
  });

  it('looks as the schema says', () => {
    expect(digestOf(claim)).toMatch(digestPattern);
    expect(contentDigest({})).toMatch(digestPattern);
  });

  it.each<[string, Partial<Claim>]>([
    ['the operation', { operation: 'other' }],
    ['the context', { context: { amount: 50_001, to: { name: 'BigCorp' } } }],
    ['something deep in the context', { context: { amount: 50_000, to: { name: 'Bigcorp' } } }],
    ['the type of a value', { context: { amount: '50000', to: { name: 'BigCorp' } } }],
    ['the reason', { reason: 'because' }],
    ['an empty reason instead of none', { reason: '' }],
    ['the ticket', { ticket: 'CHG-2' }],
    ...(['apiVersion', 'kind', 'namespace', 'name', 'uid', 'content'] as const).map((field): [string, Partial<Claim>] => [
      `the subject's ${field}`,
      { subject: { ...claim.subject, [field]: 'other' } },
    ]),
  ])('changes with %s', (_what, change) => {
    expect(digestOf({ ...claim, ...change })).not.toBe(digestOf(claim));
  });

  it('tells what is said in the ticket from what is said in the reason', () => {
    const { reason: _reason, ticket: _ticket, ...rest } = claim;
    expect(digestOf({ ...rest, reason: 'x' })).not.toBe(digestOf({ ...rest, ticket: 'x' }));
  });

  const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => typeof value === 'object' && value !== null);
  const reversed = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(reversed)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([k, v]) => [k, reversed(v)]),
          )
        : value;
  const isSafe = (value: unknown): boolean => !/"|\d{16,}|e\+/.test(JSON.stringify(value).replace(/"(?:[^"\\]|\\.)*"/g, ''));

  it('does not depend on the order of keys, nor on a way through JSON', () => {
    fc.assert(
      fc.property(json, (value) => {
        fc.pre(isSafe(value));
        const digest = contentDigest(value);
        expect(contentDigest(reversed(value) as object)).toBe(digest);
        expect(contentDigest(JSON.parse(JSON.stringify(value)) as object)).toBe(digest);
      }),
    );
  });

  it('differs for what differs', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        fc.pre(isSafe(a) && isSafe(b) && canonicalJson(a) !== canonicalJson(b));
        expect(contentDigest(a as object)).not.toBe(contentDigest(b as object));
      }),
    );
  });

  it('depends on the order of a list', () => {
    expect(contentDigest({ args: ['a', 'b'] })).not.toBe(contentDigest({ args: ['b', 'a'] }));
  });
});

describe('what cannot be digested', () => {
  it.each<[string, object, RegExp]>([
    [
      'an integer that JSON rounds',
      { spec: { id: JSON.parse('9007199254740993') as number } },
      /spec\.id: 9007199254740992 is beyond 2\^53/,
    ],
    ['a negative one', { id: -9_007_199_254_740_992 }, /^id: -9007199254740992/],
    ['one in a list', { ids: [1, 2 ** 53] }, /^ids\.1: /],
    ['a number too large for JSON', { amount: JSON.parse('1e400') as number }, /Infinity/],
    ['a lone surrogate', { name: '\ud83d' }, /[Ss]urrogate/],
    ['a lone surrogate in a key', { '\ude00': 1 }, /[Ss]urrogate/],
  ])('is refused: %s', (_what, value, message) => {
    expect(() => contentDigest(value)).toThrow(message);
    expect(() => contentDigest(value)).toThrow(expect.objectContaining({ code: 'Undigestible' }));
    expect(() => digestOf({ ...claim, context: value })).toThrow(expect.objectContaining({ code: 'Undigestible' }));
  });

  it('is refused, not a crash: nesting without end', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i += 1) deep = [deep];
    expect(() => contentDigest({ deep })).toThrow(expect.objectContaining({ code: 'Undigestible' }));
  });

  it('is not the largest and smallest safe integers', () => {
    expect(() => contentDigest({ a: Number.MAX_SAFE_INTEGER, b: Number.MIN_SAFE_INTEGER, c: 0.1, d: 1e-7 })).not.toThrow();
  });
});
