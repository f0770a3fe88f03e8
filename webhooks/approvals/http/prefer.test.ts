import { describe, expect, it } from 'vitest';
import { preferenceOf } from './prefer.ts';

describe('a Prefer header', () => {
  it.each<[string | undefined, ReturnType<typeof preferenceOf>]>([
    [undefined, { respondAsync: false }],
    ['', { respondAsync: false }],
    ['wait=10', { wait: 10, respondAsync: false }],
    ['Wait = "10"', { wait: 10, respondAsync: false }],
    ['respond-async, wait=10', { wait: 10, respondAsync: true }],
    ['wait=10; x=y, return=minimal', { wait: 10, respondAsync: false }],
    ['wait=1, wait=2', { wait: 1, respondAsync: false }],
    ['wait=-1', { respondAsync: false }],
    ['wait=soon', { respondAsync: false }],
    ['wait=99999999999999', { respondAsync: false }],
  ])('%j is read as RFC 7240 has it', (header, preference) => {
    expect(preferenceOf(header)).toEqual(preference);
  });
});
