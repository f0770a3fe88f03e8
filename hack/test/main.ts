/**
 * Behind `make test`: every check and every test, one after the other, and at the end one line `N passed, N failed`.
 * `node hack/test/main.ts [SUITE…]` runs only those: lint, licences, unit, integration, faults.
 *
 * The programs of the development cluster are built meanwhile, at low priority, so that a first run does not wait for them longer than it must.
 * A suite that fails does not keep the others from running.
 */
import { join } from 'node:path';
import { startBuildingCluster } from './clusterBuild.ts';
import { inform } from './progress.ts';
import { runCheck, runVitest, type Result } from './suites.ts';

type Suite = (typeof suiteNames)[number];
const suiteNames = ['lint', 'licences', 'unit', 'integration', 'faults'] as const;
const onCluster: readonly Suite[] = ['integration', 'faults'];
const reports = join(import.meta.dirname, '..', '..', '.run', 'test');

const isSuite = (name: string): name is Suite => suiteNames.some((known) => known === name);

/** A check (lint, licences) counts as one test. */
const runSuite = (suite: Suite): Promise<Result> =>
  suite === 'lint' || suite === 'licences'
    ? runCheck(suite, ['npm', 'run', '--silent', suite])
    : runVitest(suite, join(reports, `${suite}.json`));

async function main(args: readonly string[]): Promise<void> {
  const unknown = args.filter((name) => !isSuite(name));
  if (unknown.length > 0) throw new Error(`there is no suite "${unknown.join('", "')}"; expected any of ${suiteNames.join(', ')}`);
  const wanted = suiteNames.filter((suite) => args.length === 0 || args.includes(suite));
  const cluster = wanted.some((suite) => onCluster.includes(suite)) ? startBuildingCluster() : undefined;
  const results: Result[] = [];
  for (const suite of wanted) {
    if (onCluster.includes(suite)) await cluster;
    results.push(await runSuite(suite));
  }
  inform('');
  for (const { suite, passed, failed, skipped, seconds } of results) {
    const others = skipped > 0 ? `, ${skipped} skipped` : '';
    inform(`${suite.padEnd(12)} ${passed} passed, ${failed} failed${others} (${seconds} s)`);
  }
  const sum = (what: (result: Result) => number): number => results.reduce((total, result) => total + what(result), 0);
  const failed = sum((result) => result.failed);
  inform(`${sum((result) => result.passed)} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
