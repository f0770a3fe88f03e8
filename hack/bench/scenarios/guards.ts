import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel } from '../bareClient.ts';
import type { Bench } from '../bench.ts';
import { job, jobsPath, names, onePersonPolicy } from '../objects.ts';
import { percentile } from '../percentiles.ts';

const bindingsPaths = ['validatingadmissionpolicybindings', 'mutatingadmissionpolicybindings'].map(
  (plural) => `/apis/admissionregistration.k8s.io/v1/${plural}`,
);
const ours = '?labelSelector=countersign.dev/guard';
/** The API server takes up to a second to notice. */
const biteMs = 2_500;

interface Measured {
  readonly jobsPerSecond: number;
  readonly oneByOne: readonly number[];
}

/**
 * What the guards add to creating Jobs, governed and not, against the same without any guard; in turns, because a machine's speed drifts. The operator
 * is stopped meanwhile: this is the API server's own work.
 */
export async function guards(bench: Bench, n: number): Promise<void> {
  const results: Record<'without' | 'ungoverned' | 'governed', Measured[]> = { without: [], ungoverned: [], governed: [] };
  const governed = await bench.namespace(onePersonPolicy);
  const free = await bench.namespace();
  await bench.operator.stop();
  for (let round = 0; round < bench.settings.rounds; round += 1) {
    const taken = await takeBindings(bench);
    results.without.push(await creating(bench, free, `w${round}`, n));
    await putBack(bench, taken);
    results.ungoverned.push(await creating(bench, free, `u${round}`, n));
    results.governed.push(await creating(bench, governed, `g${round}`, n));
  }
  const limitPerSecond = median(results.without.map((r) => r.jobsPerSecond));
  for (const [name, measured] of Object.entries(results)) {
    const jobsPerSecond = median(measured.map((r) => r.jobsPerSecond));
    const oneByOne = measured.flatMap((r) => r.oneByOne);
    const more = {
      costFactor: limitPerSecond / jobsPerSecond,
      least: Math.min(...measured.map((r) => r.jobsPerSecond)),
      most: Math.max(...measured.map((r) => r.jobsPerSecond)),
    };
    bench.report.add({
      scenario: `guards.${name}`,
      n,
      jobsPerSecond,
      limitPerSecond,
      p50Ms: percentile(oneByOne, 0.5),
      p99Ms: percentile(oneByOne, 0.99),
      more,
    });
  }
  await bench.startOperator();
  await bench.operator.ready();
  await bench.remove(free);
  await bench.remove(governed);
}

const median = (values: readonly number[]): number => percentile(values, 0.5);

async function creating(bench: Bench, namespace: string, prefix: string, n: number): Promise<Measured> {
  const { admin, settings } = bench;
  // Suspended by their author, so that the Job controller has the same to do with each.
  const create = (name: string): Promise<unknown> => admin.send('POST', jobsPath(namespace), job(name, { suspend: true }));
  await bench.quiet();
  const oneByOne: number[] = [];
  for (const name of names(`${prefix}-single`, Math.min(n, 100))) oneByOne.push(await inParallel([name], 1, create));
  const spentMs = await inParallel(names(prefix, n), settings.connections, create);
  return { jobsPerSecond: (n / spentMs) * 1000, oneByOne };
}

interface Taken {
  readonly path: string;
  readonly items: readonly { metadata: { name: string; labels?: object; annotations?: object }; spec: object }[];
}

async function takeBindings({ admin }: Bench): Promise<Taken[]> {
  const taken: Taken[] = [];
  for (const path of bindingsPaths) {
    const { items } = await admin.object<{ items: Taken['items'] }>('GET', path + ours);
    for (const { metadata } of items) await admin.send('DELETE', `${path}/${metadata.name}`);
    taken.push({ path, items });
  }
  await sleep(biteMs);
  return taken;
}

async function putBack({ admin }: Bench, taken: readonly Taken[]): Promise<void> {
  for (const { path, items } of taken) {
    for (const { metadata, spec } of items) {
      const { name, labels, annotations } = metadata;
      await admin.send('POST', path, { metadata: { name, labels, annotations }, spec });
    }
  }
  await sleep(biteMs);
}
