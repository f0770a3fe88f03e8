import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './digest.ts';
import { sameJson } from './sameJson.ts';

describe('the same JSON', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['the order of keys does not matter', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['an undefined field is not there', { a: 1, b: undefined }, { a: 1 }, true],
    ['a field that every object inherits is not there', { toString: undefined, a: 1 }, { a: 1 }, true],
    ['nor equal to one that is', { constructor: Object }, { a: 1 }, false],
    ['null is something', { a: null }, {}, false],
    ['another name for the same', { a: 1 }, { b: 1 }, false],
    ['a list is no object', [], {}, false],
    ['an object is no list', { 0: 'a' }, ['a'], false],
    ['the order of a list matters', [1, 2], [2, 1], false],
    ['a longer list', [1], [1, 2], false],
    ['text is no number', '1', 1, false],
    ['deep inside', { a: [{ b: { c: 1 } }] }, { a: [{ b: { c: 2 } }] }, false],
  ])('%s', (_what, a, b, same) => {
    expect(sameJson(a, b)).toBe(same);
    expect(sameJson(b, a)).toBe(same);
  });

  it('is what has the same canonical form', () => {
    const small = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.tuple(small, small),
          small.map((one): [unknown, unknown] => [one, JSON.parse(JSON.stringify(one))]),
        ),
        ([a, b]) => {
          expect(sameJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
