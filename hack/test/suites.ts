import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { runVisibly } from './progress.ts';

/** How one suite ended. */
export interface Result {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
}

/** What is read of vitest's JSON report. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { readonly status: string }[] }[];
}

/** Runs a program whose exit code is its verdict: it counts as one test. */
export async function runCheck(suite: string, command: readonly string[]): Promise<Result> {
  const { code, seconds } = await runVisibly(suite, command);
  return { suite, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, seconds };
}

/** Runs one project of vitest.config.ts and counts from its report. */
export async function runVitest(suite: string, reportFile: string): Promise<Result> {
  mkdirSync(dirname(reportFile), { recursive: true });
  rmSync(reportFile, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const { code, seconds } = await runVisibly(suite, ['vitest', 'run', '--project', suite, ...reporters]);
  return { suite, seconds, ...countTests(readReport(reportFile), code) };
}

/**
 * Counts what a report says. A file that could not even be loaded has no tests in it and counts as one that failed; so does a run that
 * failed as a whole (no test found, the shared cluster did not start or did not end well) while every test that it got to passed.
 */
export function countTests(report: Report | undefined, exitCode: number): Pick<Result, 'passed' | 'failed' | 'skipped'> {
  const unloaded = report?.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((t) => t.status === 'failed'),
  );
  const failed = (report?.numFailedTests ?? 0) + (unloaded?.length ?? 0);
  return {
    passed: report?.numPassedTests ?? 0,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  };
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    // vitest ended before it could write one; its exit code says the rest.
    return undefined;
  }
}
