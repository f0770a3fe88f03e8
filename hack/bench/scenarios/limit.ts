import { inParallel } from '../bareClient.ts';
import type { Bench } from '../bench.ts';
import { job, jobsPath, names } from '../objects.ts';

/** What bare clients reach without us: creating Jobs, and resuming as many suspended ones. */
export async function limit(bench: Bench, n: number, when: 'first' | 'again'): Promise<void> {
  const { admin, report, settings } = bench;
  const namespace = await bench.namespace();
  const jobs = names('job', n);
  await bench.quiet();
  const created = await inParallel(jobs, settings.connections, (name) =>
    admin.send('POST', jobsPath(namespace), job(name, { suspend: true })),
  );
  await bench.quiet();
  const resumed = await inParallel(jobs, settings.connections, (name) =>
    admin.mergePatch(`${jobsPath(namespace)}/${name}`, { spec: { suspend: false } }),
  );
  const suffix = when === 'again' ? '.again' : '';
  report.add({ scenario: `limit.create${suffix}`, n, jobsPerSecond: (n / created) * 1000 });
  report.add({ scenario: `limit.patch${suffix}`, n, jobsPerSecond: (n / resumed) * 1000 });
  await bench.remove(namespace);
}
