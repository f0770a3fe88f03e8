import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import type { Seen } from '../follow.ts';
import { autoPolicy, job, jobsPath, policiesPath, requestsPath, twoPeopleStages } from '../objects.ts';
import { latencies } from '../percentiles.ts';
import { Sightings } from '../sightings.ts';
import { resumed } from './burst.ts';
import { cost } from './cost.ts';

const everyMs = 100;
const quietJobs = 100;
const patienceMs = 300_000;

/**
 * Makes the policy stricter by which so many requests wait in a namespace, so that each is planned and written anew; and meanwhile lets new work come
 * elsewhere, which must not wait behind them.
 */
export async function replan(bench: Bench, namespace: string, n: number): Promise<void> {
  const { admin, report } = bench;
  const elsewhere = await bench.namespace(autoPolicy);
  await bench.quiet();
  const quiet = latencies(await newWork(bench, elsewhere, 'quiet', (count) => count < quietJobs));
  await bench.quiet();
  const seen = await Sightings.of(admin, requestsPath(namespace), askedAnew);
  const spent = cost(bench);
  const begun = performance.now();
  await admin.mergePatch(`${policiesPath(namespace)}/bench`, { spec: { stages: twoPeopleStages } });
  let last: number | undefined;
  const all = seen.count(n, patienceMs).then((at) => (last = at));
  const waited = await newWork(bench, elsewhere, 'meanwhile', () => last === undefined);
  const durationMs = (await all) - begun;
  await seen.end();
  const more = { durationMs, newWork: waited.length, quietP50Ms: quiet.p50Ms, quietP99Ms: quiet.p99Ms, ...spent() };
  report.add({ scenario: 'replan', n, jobsPerSecond: (n / durationMs) * 1000, ...latencies(waited), more });
}

/** The request shows both what the policy said at submission and what it says now. */
const askedAnew = ({ status }: Seen): boolean =>
  (status?.['stages'] as { asSubmitted: boolean }[] | undefined)?.some((s) => !s.asSubmitted) ?? false;

/** Creates Jobs that a rule lets through, ten a second, while `goesOn`; how long each was held, from the answer to its creation on. */
async function newWork({ admin }: Bench, namespace: string, prefix: string, goesOn: (count: number) => boolean): Promise<number[]> {
  const seen = await Sightings.of(admin, jobsPath(namespace), resumed);
  const stored = new Map<string, number>();
  const running: Promise<void>[] = [];
  while (goesOn(running.length)) {
    const name = `${prefix}-${running.length}`;
    running.push(admin.send('POST', jobsPath(namespace), job(name)).then(() => void stored.set(name, performance.now())));
    await sleep(everyMs);
  }
  await Promise.all(running);
  await seen.count(running.length);
  await seen.end();
  return [...stored].map(([name, at]) => Math.max(0, (seen.at(name) ?? Number.NaN) - at));
}
