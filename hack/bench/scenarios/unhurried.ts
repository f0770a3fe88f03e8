import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel } from '../bareClient.ts';
import type { Bench } from '../bench.ts';
import { autoPolicy, decision, decisionsPath, job, jobsPath, names, onePersonPolicy } from '../objects.ts';
import { latencies, percentile } from '../percentiles.ts';
import { Sightings } from '../sightings.ts';
import { resumed } from './burst.ts';
import { hold, named } from './decided.ts';

const everyMs = 100;

interface Timed {
  readonly sent: number;
  readonly answered: number;
}

/** Ten a second, with time to breathe: what one Job waits, when nothing else does. */
export async function unhurried(bench: Bench, n: number): Promise<void> {
  await barePatch(bench, n);
  await people(bench, n);
  await rule(bench, n);
}

/** The yardstick: a patch, and a watch that sees it. */
async function barePatch(bench: Bench, n: number): Promise<void> {
  const { admin, settings } = bench;
  const namespace = await bench.namespace();
  const jobs = names('job', n);
  await inParallel(jobs, settings.connections, (name) => admin.send('POST', jobsPath(namespace), job(name, { suspend: true })));
  await timed(bench, namespace, 'unhurried.barePatch', jobs, (name) =>
    admin.mergePatch(`${jobsPath(namespace)}/${name}`, { spec: { suspend: false } }),
  );
  await bench.remove(namespace);
}

async function people(bench: Bench, n: number): Promise<void> {
  const { bob } = bench;
  const namespace = await bench.namespace(onePersonPolicy);
  const requests = new Map((await hold(bench, namespace, n, false)).map((request) => [jobOf(request.metadata.name), named(request)]));
  await timed(bench, namespace, 'unhurried.decided', names('job', n), (name) => {
    const request = requests.get(name);
    return bob.send('POST', decisionsPath(namespace), decision(name, request === undefined ? [] : [request]));
  });
  await bench.remove(namespace);
}

/** A request of ours is named after its Job, with the start of its uid behind. */
const jobOf = (request: string): string => request.slice(0, request.lastIndexOf('-'));

async function rule(bench: Bench, n: number): Promise<void> {
  const namespace = await bench.namespace(autoPolicy);
  await timed(bench, namespace, 'unhurried.auto', names('job', n), (name) => bench.admin.send('POST', jobsPath(namespace), job(name)));
  await bench.remove(namespace);
}

/** Does `act` for each Job at an even pace; p50 and p99 from sending to the release being seen, and beside it from the answer on. */
async function timed(
  bench: Bench,
  namespace: string,
  scenario: string,
  jobs: readonly string[],
  act: (name: string) => Promise<unknown>,
): Promise<void> {
  const seen = await Sightings.of(bench.admin, jobsPath(namespace), resumed);
  await bench.quiet();
  const times = new Map<string, Timed>();
  const running: Promise<void>[] = [];
  for (const name of jobs) {
    const sent = performance.now();
    running.push(act(name).then(() => void times.set(name, { sent, answered: performance.now() })));
    await sleep(everyMs);
  }
  await Promise.all(running);
  await seen.count(jobs.length);
  await seen.end();
  const since = (from: keyof Timed): number[] => [...times].map(([name, time]) => Math.max(0, (seen.at(name) ?? Number.NaN) - time[from]));
  const afterAnswer = since('answered');
  const more = { answerToReleaseP50Ms: percentile(afterAnswer, 0.5), answerToReleaseP99Ms: percentile(afterAnswer, 0.99) };
  bench.report.add({ scenario, n: jobs.length, ...latencies(since('sent')), more });
}
