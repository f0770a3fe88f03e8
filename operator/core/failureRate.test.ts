import { describe, expect, it } from 'vitest';
import type { ApprovalRequestStatus } from '../../crds/v1alpha1/index.ts';
import { failureRateOf, lastRuns, runOf, type Run } from './failureRate.ts';

const at = (second: number): string => new Date(Date.parse('2026-11-21T09:00:00Z') + second * 1_000).toISOString();
const run = (second: number, failed: boolean): Run => ({ uid: `run-${second}`, at: at(second), failed });

describe('how often an operation failed', () => {
  it('is even odds before it ever ran, and each run moves that a little', () => {
    expect(failureRateOf([])).toBe(50);
    expect(failureRateOf([run(1, false), run(2, false)])).toBe(25);
    expect(failureRateOf([run(1, true), run(2, true)])).toBe(75);
  });

  it('is counted over the last hundred runs, in whatever order they come', () => {
    const old = Array.from({ length: 50 }, (_, i) => run(i, true));
    const recent = Array.from({ length: 100 }, (_, i) => run(100 + i, false));
    expect(failureRateOf(lastRuns([...recent, ...old]))).toBe(100 / 102);
  });

  it.each([
    ['Succeeded', 'True', { uid: 'r', at: at(0), failed: false }],
    ['Failed', 'True', { uid: 'r', at: at(0), failed: true }],
    ['SubjectGone', 'True', undefined],
    ['Running', 'False', undefined],
  ] as const)('takes what is Completed because of %s (%s) for what it is', (reason, status, expected) => {
    const conditions = [{ type: 'Completed', status, reason, message: '', lastTransitionTime: at(0) }];
    expect(runOf('r', { conditions } as unknown as ApprovalRequestStatus)).toEqual(expected);
  });
});
