import { describe, expect, it } from 'vitest';
import { countTests } from './suites.ts';

const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };

describe('counting the tests of a run', () => {
  it('takes the numbers of the report', () => {
    const counted = countTests({ ...report, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 }, 1);
    expect(counted).toEqual({ passed: 3, failed: 2, skipped: 2 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const testResults = [
      { status: 'failed', assertionResults: [] },
      { status: 'passed', assertionResults: [{ status: 'passed' }] },
    ];
    expect(countTests({ ...report, testResults }, 1)).toEqual({ passed: 3, failed: 1, skipped: 0 });
  });

  it('does not count a file twice whose tests failed', () => {
    const testResults = [{ status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'passed' }] }];
    expect(countTests({ ...report, numFailedTests: 1, testResults }, 1).failed).toBe(1);
  });

  it('counts a run that failed as a whole as a failure, though every test passed', () => {
    expect(countTests(report, 1)).toEqual({ passed: 3, failed: 1, skipped: 0 });
  });

  it('counts a run without a report as a failure', () => {
    expect(countTests(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
