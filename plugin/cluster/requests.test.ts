import { describe, expect, it } from 'vitest';
import { wanted } from './requests.ts';

describe('a NAME on the command line', () => {
  it.each([
    ['wire-4711', { kind: 'any', name: 'wire-4711' }],
    ['areq/list', { kind: 'request', name: 'list' }],
    ['approvalrequests.countersign.dev/a.b', { kind: 'request', name: 'a.b' }],
    ['job/x', { kind: 'job', name: 'x' }],
    ['jobs.batch/x', { kind: 'job', name: 'x' }],
    ['GovernedJob/x', { kind: 'governedJob', name: 'x' }],
  ])('%s is understood', (text, expected) => {
    expect(wanted(text)).toEqual(expected);
  });

  it.each(['pod/x', 'Wire', 'a/b/c', 'job/', '', '../x', 'x?y', '-x', 'a'.repeat(254)])('%j is refused before anybody is asked', (text) => {
    expect(() => wanted(text)).toThrow(/expected/);
  });
});
