import { AuditLog } from '../audit.ts';
import { inParallel } from '../bareClient.ts';
import type { Bench } from '../bench.ts';
import {
  autoPolicy,
  decision,
  decisionsPath,
  governedJob,
  governedJobsPath,
  job,
  jobsPath,
  names,
  onePersonPolicy,
  requestsPath,
} from '../objects.ts';
import { Sightings } from '../sightings.ts';
import type { Seen } from '../follow.ts';
import { named } from './decided.ts';

const operatorUser = 'system:serviceaccount:countersign-system:countersign';

/** A Job that ends at once, and one that runs for longer than the operator waits before it tells that it runs. */
const delays = { quick: '10ms', slow: '6s' } as const;

/** What the operator writes for one Job from creation to its end, as the API server's audit log has it. */
export async function writes(bench: Bench, n: number): Promise<void> {
  for (const [speed, delay] of Object.entries(delays)) {
    await count(bench, n, `writes.auto.${speed}`, { policy: autoPolicy, governed: false, delay });
    await count(bench, n, `writes.decided.${speed}`, { policy: onePersonPolicy, governed: false, delay });
    await count(bench, n, `writes.governedJob.auto.${speed}`, { policy: autoPolicy, governed: true, delay });
    await count(bench, n, `writes.governedJob.decided.${speed}`, { policy: onePersonPolicy, governed: true, delay });
  }
}

interface Kind {
  readonly policy: object;
  readonly governed: boolean;
  readonly delay: string;
}

async function count(bench: Bench, n: number, scenario: string, { policy, governed, delay }: Kind): Promise<void> {
  const { admin, bob, settings, cluster } = bench;
  const namespace = await bench.namespace(policy);
  const audit = new AuditLog(cluster.auditLogFile);
  const open = await Sightings.of(admin, requestsPath(namespace), ({ status }) => status?.phase === 'Reviewing');
  const done = await Sightings.of(admin, governed ? governedJobsPath(namespace) : requestsPath(namespace), ended);
  await inParallel(names('job', n), settings.connections, (name) =>
    governed
      ? admin.send('POST', governedJobsPath(namespace), governedJob(name, delay))
      : admin.send('POST', jobsPath(namespace), job(name, { delay })),
  );
  if (policy === onePersonPolicy) {
    await open.count(n);
    await inParallel(open.objects(), settings.connections, (request) =>
      bob.send('POST', decisionsPath(namespace), decision(request.metadata.name, [named(request)])),
    );
  }
  await done.count(n);
  await Promise.all([open.end(), done.end()]);
  // Until what comes after the end is written too.
  await bench.quiet();
  bench.report.add({ scenario, n, more: perJob(audit.writes(operatorUser, namespace), n) });
  await bench.remove(namespace);
}

const ended = ({ status }: Seen): boolean => status?.phase === 'Completed' || status?.phase === 'Succeeded';

function perJob(counts: ReadonlyMap<string, number>, n: number): Record<string, number> {
  const sum = (fits: (what: string) => boolean): number =>
    [...counts].reduce((total, [what, times]) => total + (fits(what) ? times : 0), 0);
  const isRefused = (what: string): boolean => /^\d/.test(what);
  const isEvent = (what: string): boolean => what === 'create events';
  return {
    writesPerJob: sum((what) => !isRefused(what) && !isEvent(what)) / n,
    eventsPerJob: sum(isEvent) / n,
    refusedPerJob: sum(isRefused) / n,
    ...Object.fromEntries(
      [...counts].filter(([what]) => !isEvent(what)).map(([what, times]) => [what.replace(' ', ':').replace(' ', ':'), times / n]),
    ),
  };
}
