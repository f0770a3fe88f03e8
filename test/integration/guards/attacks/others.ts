import type { Attack } from '../attack.ts';
import { eventually, type Stored } from '../api.ts';
import type { World } from '../world.ts';
import { cronJob, cronJobsPath, digest, forgedPod, heldJob, job, jobsPath, ownedBy, podsPath, releasedJob } from '../subjects.ts';

const cronGuards = ['countersign-cronjob-guard', 'countersign-cronjob-author'] as const;
const forged = (requester: string): object => ({ annotations: { 'countersign.dev/requester': requester } });
const scheduled = (world: World, ns: string): Promise<Stored> => world.as('alice').create(cronJobsPath(ns), cronJob('nightly'));

export const cronJobAttacks: readonly Attack[] = [
  {
    guards: ['countersign-cronjob-guard'],
    as: 'alice',
    name: 'the author of a CronJob gives its Jobs the marks of a release',
    expect: 'only the operator may set countersign.dev/released',
    try: (by, ns) => by.create(cronJobsPath(ns), cronJob('nightly', { annotations: { 'countersign.dev/released': digest } })),
  },
  {
    guards: ['countersign-cronjob-guard'],
    as: 'alice',
    name: 'the author of a CronJob gives its Jobs the label',
    expect: 'only the operator may set countersign.dev/held',
    try: (by, ns) => by.create(cronJobsPath(ns), cronJob('nightly', { labels: { 'countersign.dev/held': 'false' } })),
  },
  {
    guards: ['countersign-cronjob-guard'],
    as: 'alice',
    name: "the author of a CronJob passes its Jobs off as another's",
    expect: 'only the operator may set countersign.dev/run-of',
    try: (by, ns) => by.create(cronJobsPath(ns), cronJob('nightly', { annotations: { 'countersign.dev/run-of': 'another' } })),
  },
  {
    guards: ['countersign-job-guard'],
    as: 'mallory',
    given: scheduled,
    name: 'a stranger passes a Job off as the run of a CronJob',
    expect: 'only the operator may set the annotation countersign.dev/run-of',
    try: (by, ns, cron) =>
      by.create(jobsPath(ns), job('work', { ...ownedBy(cron), annotations: { 'countersign.dev/run-of': cron.metadata.uid } })),
  },
  {
    guards: ['countersign-cronjob-guard'],
    as: 'mallory',
    given: scheduled,
    name: "a stranger puts a policy's mark into a template",
    expect: 'only the operator may set policy.countersign.dev',
    try: (by, ns) =>
      by.patch(cronJobsPath(ns, 'nightly'), {
        spec: { jobTemplate: { metadata: { annotations: { 'policy.countersign.dev/a.b': 'held' } } } },
      }),
  },
];

/** The stamp corrects these in silence; without the stamp the guard refuses them; without both they would pass. */
export const cronJobForgeries: readonly (Attack & { readonly stamped: (made: Stored) => boolean })[] = [
  {
    guards: cronGuards,
    as: 'alice',
    name: 'the author of a CronJob names another as the requester',
    expect: 'must name whoever changes the template',
    try: (by, ns) => by.create(cronJobsPath(ns), cronJob('nightly', forged('bob'))),
    stamped: (made) => made.spec.jobTemplate.metadata.annotations['countersign.dev/requester'] === 'alice',
  },
  {
    guards: cronGuards,
    as: 'mallory',
    given: scheduled,
    name: 'a stranger changes a template and leaves the author to answer for it',
    expect: 'must name whoever changes the template',
    try: (by, ns) =>
      by.patch(cronJobsPath(ns, 'nightly'), { spec: { jobTemplate: { metadata: forged('alice'), spec: { parallelism: 2 } } } }),
    stamped: (made) => made.spec.jobTemplate.metadata.annotations['countersign.dev/requester'] === 'mallory',
  },
];

const pods = { guards: ['countersign-job-pods'] as const, expect: 'only the job controller may create pods' };
const running = async (world: World, ns: string): Promise<Stored> => {
  await releasedJob(world, ns, job('work'));
  return world.admin.create(podsPath(ns), {
    metadata: { name: 'mine' },
    spec: { containers: [{ name: 'main', image: 'registry.example/task:1' }] },
  });
};

export const podAttacks: readonly Attack[] = [
  ...(['label', 'owner', 'both'] as const).map((how): Attack => ({
    ...pods,
    as: 'mallory',
    given: heldJob,
    name: `a stranger makes a pod that passes for a held Job's own, by ${how}`,
    try: (by, ns, of) => by.create(podsPath(ns), forgedPod('forged', of, how)),
  })),
  {
    ...pods,
    as: 'admin',
    given: heldJob,
    name: "cluster-admin makes a pod that passes for a held Job's own",
    try: (by, ns, of) => by.create(podsPath(ns), forgedPod('forged', of)),
  },
  {
    ...pods,
    as: 'mallory',
    given: running,
    name: 'a stranger gives an existing pod the label of a Job',
    try: async (by, ns) => {
      const work = await by.get(jobsPath(ns, 'work'));
      return by.patch(podsPath(ns, 'mine'), { metadata: { labels: { 'batch.kubernetes.io/controller-uid': work.metadata.uid } } });
    },
  },
  {
    guards: ['countersign-job-pods'],
    as: 'alice',
    expect: "the images of a Job's pods may not be changed",
    given: async (world, ns) => {
      await releasedJob(world, ns, job('work'));
      return podOf(world, ns);
    },
    name: 'the author changes the image of a pod that runs',
    try: (by, ns, pod) =>
      by.patch(
        podsPath(ns, pod.metadata.name),
        { spec: { containers: [{ name: 'main', image: 'mallory.example/other:1' }] } },
        'strategic',
      ),
  },
];

function podOf(world: World, ns: string): Promise<Stored> {
  return eventually('the Job has a pod', async () => {
    const list = (await world.admin.get(podsPath(ns))) as unknown as { items: Stored[] };
    return list.items.find((pod) => pod.status?.phase === 'Running');
  });
}
