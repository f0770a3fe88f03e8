import { eventually, Refusal, type Api, type Stored } from './api.ts';
import type { World } from './world.ts';

export const digest = `v1:sha256:${'a'.repeat(64)}`;
export const otherDigest = `v1:sha256:${'b'.repeat(64)}`;

export const jobsPath = (ns: string, name?: string, sub?: string): string => path('batch/v1', ns, 'jobs', name, sub);
export const cronJobsPath = (ns: string, name?: string): string => path('batch/v1', ns, 'cronjobs', name);
export const podsPath = (ns: string, name?: string, sub?: string): string =>
  `/api/v1/namespaces/${ns}/pods${name ? `/${name}` : ''}${sub ? `/${sub}` : ''}`;
export const oursPath = (ns: string, plural: string, name?: string, sub?: string): string =>
  path('countersign.dev/v1alpha1', ns, plural, name, sub);

function path(api: string, ns: string, plural: string, name?: string, sub?: string): string {
  return `/apis/${api}/namespaces/${ns}/${plural}${name ? `/${name}` : ''}${sub ? `/${sub}` : ''}`;
}

export interface Marks {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: readonly object[];
}

const podSpec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.example/task:1' }] };

/** A Job whose pods run for a long time, so that it does not end during a test. */
export const job = (name: string, marks: Marks = {}, spec: object = {}): object => ({
  metadata: { name, ...marks },
  spec: { template: { metadata: { annotations: { 'kwok.countersign.dev/delay': '600s' } }, spec: podSpec }, ...spec },
});

export const quickJob = (name: string): object => job(name, {}, { template: { spec: podSpec } });

export const cronJob = (name: string, marks: Marks = {}, schedule = '0 0 1 1 *'): object => ({
  metadata: { name },
  spec: { schedule, jobTemplate: { metadata: marks, spec: { template: { spec: podSpec } } } },
});

/** The metadata by which a Job names a CronJob as its owner, as its controller and `kubectl create job --from` write it. */
export const ownedBy = ({ metadata: { name, uid } }: Stored): Marks => ({
  ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true }],
});

export const heldMarks = (requester: string, more: Record<string, string> = {}): Required<Pick<Marks, 'labels' | 'annotations'>> => ({
  labels: { 'countersign.dev/held': 'true' },
  annotations: {
    'countersign.dev/author-suspended': 'false',
    'countersign.dev/requester': requester,
    'countersign.dev/requester-groups': 'dev\nsystem:authenticated',
    ...more,
  },
});

/** What the operator sends to release a Job. */
export const releasePatch = (
  marks: { released?: string | undefined; request?: string | undefined } = {},
  spec: object = { suspend: false },
): object => ({
  metadata: {
    labels: { 'countersign.dev/held': 'false' },
    annotations: { 'countersign.dev/released': digest, 'countersign.dev/request': 'areq', ...prefixed(marks) },
  },
  spec,
});

const prefixed = (marks: object): object =>
  Object.fromEntries(Object.entries(marks).map(([key, value]) => [`countersign.dev/${key}`, value]));

export const heldJob = (world: World, ns: string, manifest: object = job('work')): Promise<Stored> =>
  eventually('alice may create a Job', () => world.as('alice').create(jobsPath(ns), manifest));

export async function releasedJob(world: World, ns: string, manifest: object = job('work')): Promise<Stored> {
  const held = await heldJob(world, ns, manifest);
  return world.as('operator').patch(jobsPath(ns, held.metadata.name), releasePatch());
}

export async function endedJob(world: World, ns: string): Promise<Stored> {
  await releasedJob(world, ns, quickJob('work'));
  return eventually('the Job completes', async () => {
    const seen = await world.admin.get(jobsPath(ns, 'work'));
    return seen.status?.succeeded === 1 && JSON.stringify(seen.status.conditions).includes('Complete') ? seen : undefined;
  });
}

export const request = (name: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'ApprovalRequest',
  metadata: { name, ...metadata },
  spec: { subject: { external: { system: 'ci', id: 'run-1' } }, operation: 'deploy', ...spec },
});

/** As the operator makes it for held work. */
export const operatorRequest = (name: string): object =>
  request(
    name,
    {},
    {
      labels: { 'countersign.dev/subject-uid': 'b1d5e0a4-0000-4000-8000-000000000000' },
      annotations: { 'countersign.dev/requester': 'alice', 'countersign.dev/requester-groups': 'dev\nsystem:authenticated' },
    },
  );

export const governedJob = (name: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'GovernedJob',
  metadata: { name, ...metadata },
  spec: { operation: 'migrate', jobTemplate: { spec: { template: { spec: podSpec } } }, ...spec },
});

export const decision = (of: Stored, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'ApprovalDecision',
  metadata: { generateName: 'yes-', ...metadata },
  spec: { requests: [{ name: of.metadata.name, uid: of.metadata.uid, digest }], verdict: 'Approve', ...spec },
});

export const delegation = (from: string, to: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'ApprovalDelegation',
  metadata: { name: 'away', ...metadata },
  spec: { from, to, ...spec },
});

/** A pod that passes for the Job's own. */
export const forgedPod = (name: string, of: Stored, how: 'label' | 'owner' | 'both' = 'both'): object => ({
  metadata: {
    name,
    finalizers: ['batch.kubernetes.io/job-tracking'],
    labels:
      how === 'owner' ? {} : { 'batch.kubernetes.io/controller-uid': of.metadata.uid, 'batch.kubernetes.io/job-name': of.metadata.name },
    ownerReferences:
      how === 'label' ? [] : [{ apiVersion: 'batch/v1', kind: 'Job', name: of.metadata.name, uid: of.metadata.uid, controller: true }],
  },
  spec: podSpec,
});

/** Reads, changes and writes back the whole object, as a client that knows nothing of patches; again when a controller wrote in between. */
export async function rewrite(by: Api, at: string, change: (object: Stored) => void, to = at): Promise<Stored> {
  for (;;) {
    const found = await by.get(at);
    change(found);
    try {
      return await by.replace(to, found);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 409) throw error;
    }
  }
}
