import { describe, expect, it } from 'vitest';
import { isAsSent } from './asSent.ts';

describe('what is stored', () => {
  const filledIn = ['draft', 'subject.resource.uid'];

  it.each<[string, unknown, unknown, boolean]>([
    ['is what was sent, in whatever order', { a: 1, b: { c: 2 } }, { b: { c: 2 }, a: 1 }, true],
    ['may have what the API server fills in', { a: 1 }, { a: 1, draft: false }, true],
    [
      'may have what admission fills in',
      { subject: { resource: { name: 'x' } } },
      { subject: { resource: { name: 'x', uid: 'u' } } },
      true,
    ],
    ['has what is filled in as it was sent, if it was', { draft: false }, { draft: true }, false],
    ['has it where it belongs alone', { context: {} }, { context: { draft: false, 'subject.resource.uid': 'u' } }, false],
    ['lacks what was not defined', { a: 1, b: undefined }, { a: 1 }, true],
    ['has another value', { context: { amount: 1_000_000 } }, { context: { amount: 1 } }, false],
    ['has another type', { amount: '1' }, { amount: 1 }, false],
    ['lacks a field', { a: 1, b: 2 }, { a: 1 }, false],
    ['lacks a field that every object inherits', { toString: {} }, {}, false],
    ['has a field that is not sent any more', { context: {} }, { context: { dryRun: true } }, false],
    ['has a field that is sent undefined', { reason: undefined }, { reason: 'x' }, false],
    ['has a list of the same', { a: [{ b: [1] }] }, { a: [{ b: [1] }] }, true],
    ['has another order', { a: [1, 2] }, { a: [2, 1] }, false],
    ['has a longer list', { a: [1] }, { a: [1, 2] }, false],
    ['has other objects in a list', { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, false],
    ['has more in the objects of a list', { a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }] }, false],
    ['is a list for an object', { a: {} }, { a: [] }, false],
    ['has null for an object', { a: {} }, { a: null }, false],
    ['is not there', { a: 1 }, undefined, false],
  ])('%s', (_what, sent, stored, same) => {
    expect(isAsSent(sent, stored, filledIn)).toBe(same);
  });
});
