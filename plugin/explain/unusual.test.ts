import { describe, expect, it } from 'vitest';
import { unusual, type Run } from './unusual.ts';

const run = (change: Partial<Run> = {}): Run => ({
  operation: 'wire',
  requester: 'alice',
  images: ['tool:1'],
  parallelism: 1,
  serviceAccount: 'payer',
  risk: 20,
  notCovered: ['ConfigMap settings: its contents'],
  ...change,
});
const alike = [run(), run(), run()];

describe('what is unusual about one of a batch', () => {
  it.each([
    ['nothing, where it is like the others and like the last', run(), []],
    ['another image', run({ images: ['tool:2'] }), ['image tool:2 (the others: tool:1; the last approved run: tool:1)']],
    ['more at once', run({ parallelism: 5 }), ['parallelism 5 (the others: 1; the last approved run: 1)']],
    [
      'another service account',
      run({ serviceAccount: 'admin' }),
      ['service account admin (the others: payer; the last approved run: payer)'],
    ],
    ['another requester', run({ requester: 'mallory' }), ['asked by mallory (the others: alice; the last approved run: alice)']],
    ['a much higher risk', run({ risk: 60 }), ['risk 60 (the others: 20; the last approved run: 20)']],
    ['a little more risk than the last time', run({ risk: 25 }), ['risk 25 (the last approved run: 20)']],
    [
      'something else that the digest does not cover',
      run({ notCovered: ['Secret key: its contents'] }),
      ['not covered by the digest, and not seen elsewhere: Secret key: its contents'],
    ],
  ])('is %s', (_what, one, expected) => {
    expect(unusual(one, alike, run())).toEqual(expected);
  });

  it('is not less: fewer at once, or less risk', () => {
    expect(unusual(run({ parallelism: 1, risk: 1 }), [run({ parallelism: 9 })], run({ parallelism: 9 }))).toEqual([]);
  });

  it('is that nothing like it was approved before', () => {
    expect(unusual(run(), [], null)).toEqual(['nothing like it was approved before']);
  });

  it('compares with those of the same operation only, and with nothing where others do not agree among themselves', () => {
    expect(unusual(run({ images: ['x'] }), [run({ operation: 'other' })], undefined)).toEqual([]);
    expect(unusual(run({ images: ['x'] }), [run({ images: ['y'] }), run({ images: ['z'] })], undefined)).toEqual([]);
  });
});
