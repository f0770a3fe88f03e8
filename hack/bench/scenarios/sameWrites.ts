import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { inParallel, Refused } from '../bareClient.ts';
import type { Bench } from '../bench.ts';
import { decision, job, jobsPath, names } from '../objects.ts';
import type { Seen } from '../follow.ts';
import { inGroups } from './inGroups.ts';

const group = 'lookalike.example.com';
const crdFolder = join(import.meta.dirname, '..', '..', '..', 'crds', 'generated');

/**
 * The same writes as one human decision per Job causes until it is released, by a bare client: the decision, the request's status, the Job and the
 * Event. Requests and decisions are of look-alike kinds with the same schemas, which no guard and no operator knows. In Jobs per second.
 */
export async function sameWrites(bench: Bench, n: number, { perDecision, sample }: { perDecision: number; sample: Seen }): Promise<number> {
  const { admin, settings } = bench;
  await defineLookalikes(bench);
  const namespace = await bench.namespace();
  const path = (plural: string): string => `/apis/${group}/v1alpha1/namespaces/${namespace}/${plural}`;
  const jobs = names('job', n);
  await inParallel(jobs, settings.connections, (name) => admin.send('POST', jobsPath(namespace), job(name, { suspend: true })));
  const requests = new Map<string, Seen>();
  await inParallel(jobs, settings.connections, async (name) => {
    requests.set(name, await admin.object<Seen>('POST', path('approvalrequests'), lookalike(name, sample)));
  });
  await bench.quiet();
  const release = async (name: string): Promise<void> => {
    const request = requests.get(name);
    await admin.send('PUT', `${path('approvalrequests')}/${name}/status`, { ...request, status: sample.status });
    await admin.mergePatch(`${jobsPath(namespace)}/${name}`, { spec: { suspend: false }, metadata: { annotations: marks } });
    await admin.send('POST', `/api/v1/namespaces/${namespace}/events`, event(namespace, name));
  };
  const groups = inGroups(jobs, perDecision).map((members, i) => ({ members, name: `decision-${i}` }));
  const decided = (members: readonly string[]) => members.map((name) => ({ name, uid: requests.get(name)?.metadata.uid ?? '', digest }));
  const spentMs = await inParallel(groups, settings.connections, async ({ members, name }) => {
    const { spec, ...rest } = decision(name, decided(members)) as { spec: object };
    const stamped = {
      ...rest,
      apiVersion: `${group}/v1alpha1`,
      spec: { ...spec, approver: 'bob', groups: ['finance'], via: 'Kubernetes' },
    };
    await admin.send('POST', path('approvaldecisions'), stamped);
    await inParallel(members, perDecision === 1 ? 1 : 8, release);
  });
  await bench.remove(namespace);
  return (n / spentMs) * 1000;
}

const digest = `v1:sha256:${'0'.repeat(64)}`;
const marks = { 'example.com/released': digest, 'example.com/request': 'job-00000-01234567' };

function lookalike(name: string, sample: Seen): object {
  return { apiVersion: `${group}/v1alpha1`, kind: 'ApprovalRequest', metadata: { name }, spec: sample.spec };
}

const event = (namespace: string, name: string): object => ({
  metadata: { name: `${name}.0123456789` },
  involvedObject: { apiVersion: 'batch/v1', kind: 'Job', namespace, name },
  type: 'Normal',
  reason: 'Released',
  message: `Released on the approval of bob (request ${name}-01234567).`,
  firstTimestamp: new Date().toISOString(),
  lastTimestamp: new Date().toISOString(),
  count: 1,
  source: { component: 'bench' },
});

async function defineLookalikes({ admin }: Bench): Promise<void> {
  for (const plural of ['approvalrequests', 'approvaldecisions']) {
    const crd = parse(readFileSync(join(crdFolder, `countersign.dev_${plural}.yaml`), 'utf8')) as {
      metadata: object;
      spec: { names: object };
    };
    const names = { ...crd.spec.names, shortNames: [], categories: [] };
    const body = { ...crd, metadata: { name: `${plural}.${group}` }, spec: { ...crd.spec, group, names } };
    try {
      await admin.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
    }
    await served(admin, plural);
  }
}

/** A new kind is served a moment after it was defined. */
async function served(admin: Bench['admin'], plural: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await admin.send('GET', `/apis/${group}/v1alpha1/${plural}?limit=1`);
      return;
    } catch (error) {
      if (!(error instanceof Refused) || tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
