import { describe, expect, it } from 'vitest';
import { digest, exampleRequest } from '../example.ts';
import { digestDoubt } from './decide.ts';

const read = { access: 'read', documents: [] } as const;
const other = `v1:sha256:${'b'.repeat(64)}`;

describe('digestDoubt', () => {
  it('has none when what is stored has the digest that the request says', () => {
    expect(digestDoubt(exampleRequest(), { ...read, digest })).toBeUndefined();
  });

  it('doubts when what is stored is not what was digested', () => {
    expect(digestDoubt(exampleRequest(), { ...read, digest: other })).toMatch(
      new RegExp(`^what is stored is not what was digested: Job wire-4711 has the digest ${other}, the request says ${digest}\\.`),
    );
  });

  it.each([
    ['could not be read', { access: 'forbidden', documents: [], fault: 'you may not read it: forbidden' } as const],
    ['is gone', { access: 'gone', documents: [], fault: 'Job wire-4711 does not exist any more.' } as const],
    ['cannot be digested', { ...read, fault: 'spec.x: 1e300 is beyond 2^53' }],
    // Even a digest that fits proves nothing when its owner could not be read.
    ['could not be read but claims a digest', { access: 'forbidden', documents: [], digest } as const],
  ])('doubts when the subject %s', (_what, subject) => {
    expect(digestDoubt(exampleRequest(), subject)).toMatch(/^its digest cannot be checked: /);
  });
});
