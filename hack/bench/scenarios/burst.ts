import { inParallel } from '../bareClient.ts';
import type { Bench } from '../bench.ts';
import { job, jobsPath, names } from '../objects.ts';
import { latencies } from '../percentiles.ts';
import { Sightings } from '../sightings.ts';
import type { Seen } from '../follow.ts';

/** The sign of a release, whoever made it. */
export const resumed = ({ spec }: Seen): boolean => spec?.suspend === false;

export interface Burst {
  readonly jobsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How long creating them all took. */
  readonly creationMs: number;
  /** The longest that one was held, from the answer to its creation. */
  readonly longestMs: number;
}

/** Creates Jobs as fast as may be in a namespace where somebody holds and releases them, and watches until the last is released. */
export async function burst(bench: Bench, namespace: string, n: number): Promise<Burst> {
  const { admin, settings } = bench;
  const seen = await Sightings.of(admin, jobsPath(namespace), resumed);
  const stored = new Map<string, number>();
  await bench.quiet();
  const begun = performance.now();
  const creationMs = await inParallel(names('job', n), settings.connections, async (name) => {
    await admin.send('POST', jobsPath(namespace), job(name));
    stored.set(name, performance.now());
  });
  const last = await seen.count(n);
  await seen.end();
  const held = [...stored].map(([name, at]) => Math.max(0, (seen.at(name) ?? Number.NaN) - at));
  return { jobsPerSecond: (n / (last - begun)) * 1000, ...latencies(held), creationMs, longestMs: Math.max(...held) };
}
