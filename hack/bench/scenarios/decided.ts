import { inParallel } from '../bareClient.ts';
import type { Bench } from '../bench.ts';
import { decision, decisionsPath, job, jobsPath, names, onePersonPolicy, requestsPath, type Named } from '../objects.ts';
import { latencies } from '../percentiles.ts';
import { Sightings } from '../sightings.ts';
import type { Seen } from '../follow.ts';
import { sameWrites } from './sameWrites.ts';
import { inGroups } from './inGroups.ts';
import { resumed } from './burst.ts';
import { cost } from './cost.ts';

/** Held until a person agrees: how fast the question is there, and how fast the answer lets go; one decision a Job, then a hundred Jobs a decision. */
export async function decided(bench: Bench, n: number): Promise<void> {
  for (const perDecision of [1, 100]) {
    const namespace = await bench.namespace(onePersonPolicy);
    const requests = await hold(bench, namespace, n, perDecision === 1);
    const { sample, report } = await decide(bench, namespace, requests, perDecision);
    await bench.remove(namespace);
    report(await sameWrites(bench, n, { perDecision, sample }));
  }
}

/** The request can be seen and decided: people are asked, and the digest is there that a decision must name. */
const reviewing = ({ status }: Seen): boolean => status?.phase === 'Reviewing' && status.subjectDigest !== undefined;

/** Creates Jobs that will wait for a person, and waits until each has a request that can be decided. */
export async function hold(bench: Bench, namespace: string, n: number, tell: boolean): Promise<Seen[]> {
  const { admin, settings, report } = bench;
  const seen = await Sightings.of(admin, requestsPath(namespace), reviewing);
  await bench.quiet();
  const spent = cost(bench);
  const stored = new Map<string, number>();
  const begun = performance.now();
  const creationMs = await inParallel(names('job', n), settings.connections, async (name) => {
    await admin.send('POST', jobsPath(namespace), job(name));
    stored.set(name, performance.now());
  });
  const last = await seen.count(n);
  await seen.end();
  const requests = seen.objects();
  if (tell) {
    const waited = requests.map((r) => Math.max(0, (seen.at(r.metadata.name) ?? Number.NaN) - (stored.get(subjectOf(r)) ?? Number.NaN)));
    const limitPerSecond = report.rate('limit.create', n) ?? null;
    report.add({
      scenario: 'held',
      n,
      jobsPerSecond: (n / (last - begun)) * 1000,
      limitPerSecond,
      ...latencies(waited),
      more: { creationMs, ...spent() },
    });
  }
  return requests;
}

const subjectOf = ({ spec }: Seen): string => (spec as { subject: { resource: { name: string } } }).subject.resource.name;

export const named = ({ metadata, status }: Seen): Named => ({
  name: metadata.name,
  uid: metadata.uid,
  digest: status?.subjectDigest ?? '',
});

interface Decided {
  /** One request as it was when released, for the bare client to write the same. */
  readonly sample: Seen;
  readonly report: (limitPerSecond: number) => void;
}

async function decide(bench: Bench, namespace: string, requests: readonly Seen[], perDecision: number): Promise<Decided> {
  const { admin, bob, settings, report } = bench;
  const n = requests.length;
  const seen = await Sightings.of(admin, jobsPath(namespace), resumed);
  await bench.quiet();
  const spent = cost(bench);
  const said = new Map<string, number>();
  const begun = performance.now();
  const decisions = inGroups(requests, perDecision).map((group, i) => ({ name: `decision-${i}`, group }));
  const decidingMs = await inParallel(decisions, settings.connections, async ({ name, group }) => {
    const now = performance.now();
    for (const request of group) said.set(subjectOf(request), now);
    await bob.send('POST', decisionsPath(namespace), decision(name, group.map(named)));
  });
  const last = await seen.count(n);
  await seen.end();
  const waited = [...said].map(([name, at]) => (seen.at(name) ?? Number.NaN) - at);
  const more = { decidingMs, ...spent() };
  const sample = await admin.object<Seen>('GET', `${requestsPath(namespace)}/${requests[0]?.metadata.name ?? ''}`);
  const row = {
    scenario: perDecision === 1 ? 'decided' : 'decided.batch',
    n,
    jobsPerSecond: (n / (last - begun)) * 1000,
    ...latencies(waited),
    more,
  };
  return { sample, report: (limitPerSecond) => report.add({ ...row, limitPerSecond }) };
}
