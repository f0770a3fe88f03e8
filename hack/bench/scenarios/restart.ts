import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { decision, decisionsPath, jobsPath, onePersonPolicy } from '../objects.ts';
import { peakMegabytes, residentMegabytes } from '../processes.ts';
import { Sightings } from '../sightings.ts';
import { resumed } from './burst.ts';
import { hold, named } from './decided.ts';

const settleMs = 10_000;

/**
 * Starts the operator while many Jobs are held: how soon it is ready, how soon it acts, and how much memory that takes. One of them is let go; answers
 * with the namespace of the others.
 */
export async function restart(bench: Bench, n: number): Promise<string> {
  const namespace = await bench.namespace(onePersonPolicy);
  const [request] = await hold(bench, namespace, n, false);
  await bench.quiet();
  const runningMb = residentMegabytes(bench.operator.pid);
  await bench.operator.stop();
  const begun = performance.now();
  await bench.startOperator();
  await bench.operator.ready();
  const readyMs = performance.now() - begun;
  const seen = await Sightings.of(bench.admin, jobsPath(namespace), resumed);
  if (request === undefined) throw new Error('nothing is held');
  await bench.bob.send('POST', decisionsPath(namespace), decision('first', [named(request)]));
  const firstReleaseMs = (await seen.count(1)) - begun;
  await seen.end();
  await sleep(settleMs);
  const more = {
    readyMs,
    firstReleaseMs,
    operatorPeakMb: peakMegabytes(bench.operator.pid),
    operatorMb: residentMegabytes(bench.operator.pid),
    beforeRestartMb: runningMb,
  };
  bench.report.add({ scenario: 'restart', n, more });
  return namespace;
}
