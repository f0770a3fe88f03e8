import { expect } from 'vitest';
import type { GuardName, Promised } from './attack.ts';
import { authorAnnotations } from '../../../crds/v1alpha1/index.ts';
import { eventually, type Api, type Stored } from './api.ts';
import { policyMarkKey, type World } from './world.ts';
import {
  cronJob,
  cronJobsPath,
  decision,
  delegation,
  digest,
  governedJob,
  heldMarks,
  job,
  jobsPath,
  oursPath,
  ownedBy,
  request,
} from './subjects.ts';

const groups = (...names: string[]): string => [...names, 'system:authenticated'].join('\n');

/** That the Job is on hold by the policy of this world, in the name of `requester`. */
export function expectHeld(seen: Stored, requester: string, requesterGroups: string, authorSuspended = 'false'): void {
  expect(seen.spec.suspend).toBe(true);
  expect(seen.metadata.labels?.['countersign.dev/held']).toBe('true');
  expect(seen.metadata.annotations).toMatchObject({
    [policyMarkKey]: 'held',
    'countersign.dev/author-suspended': authorSuspended,
    'countersign.dev/requester': requester,
    'countersign.dev/requester-groups': requesterGroups,
  });
}

const asCronJobController = (world: World, ns: string, manifest: object): Promise<Stored> =>
  world.admin.as('system:serviceaccount:kube-system:cronjob-controller').create(jobsPath(ns), manifest);

/** Ways in which a Job comes under a policy; the same for both hold modes. */
export const holdPromises: readonly Promised[] = [
  {
    name: 'a governed Job arrives held',
    guards: ['hold'],
    see: async (world, ns) => expectHeld(await world.as('alice').create(jobsPath(ns), job('work')), 'alice', groups('dev')),
  },
  {
    name: 'a Job that its author suspended is held and remembers it',
    guards: ['hold'],
    see: async (world, ns) =>
      expectHeld(await world.as('alice').create(jobsPath(ns), job('work', {}, { suspend: true })), 'alice', groups('dev'), 'true'),
  },
  {
    name: 'a Job whose author put false into the label is held',
    guards: ['hold'],
    see: async (world, ns) =>
      expectHeld(
        await world.as('alice').create(jobsPath(ns), job('work', { labels: { 'countersign.dev/held': 'false' } })),
        'alice',
        groups('dev'),
      ),
  },
  {
    name: 'a Job whose author claims to be another is held in his own name',
    guards: ['hold'],
    see: async (world, ns) =>
      expectHeld(await world.as('alice').create(jobsPath(ns), job('work', heldMarks('bob'), { suspend: true })), 'alice', groups('dev')),
  },
  {
    name: 'what the author says in annotations stays',
    guards: ['hold'],
    see: async (world, ns) => {
      const annotations = Object.fromEntries(Object.values(authorAnnotations).map((key) => [key, 'said']));
      const made = await world.as('alice').create(jobsPath(ns), job('work', { annotations }));
      expectHeld(made, 'alice', groups('dev'));
      expect(made.metadata.annotations).toMatchObject(annotations);
    },
  },
  {
    name: 'a Job labelled for the policy is held in any namespace',
    guards: ['hold'],
    governed: false,
    see: async (world, ns) =>
      expectHeld(await world.as('alice').create(jobsPath(ns), job('work', { labels: { tier: 'prod' } })), 'alice', groups('dev')),
  },
  {
    name: 'a Job that is created suspended, relabelled and then resumed is held',
    guards: ['hold'],
    governed: false,
    see: async (world, ns) => {
      await world.as('alice').create(jobsPath(ns), job('work', {}, { suspend: true }));
      await world.as('alice').patch(jobsPath(ns, 'work'), { metadata: { labels: { tier: 'prod' } } });
      expectHeld(await world.as('mallory').patch(jobsPath(ns, 'work'), { spec: { suspend: false } }), 'mallory', groups('dev'));
    },
  },
  {
    name: 'a Job that is relabelled and resumed in one write is held',
    guards: ['hold'],
    governed: false,
    see: async (world, ns) => {
      await world.as('alice').create(jobsPath(ns), job('work', {}, { suspend: true }));
      const patch = { metadata: { labels: { tier: 'prod' } }, spec: { suspend: false } };
      expectHeld(await world.as('alice').patch(jobsPath(ns, 'work'), patch), 'alice', groups('dev'));
    },
  },
  {
    name: 'a Job that loses the label of the policy while it is resumed is held',
    guards: ['hold'],
    governed: false,
    see: async (world, ns) => {
      await world.as('alice').create(jobsPath(ns), job('work', {}, { suspend: true }));
      await world.as('alice').patch(jobsPath(ns, 'work'), { metadata: { labels: { tier: 'prod' } } });
      const patch = { metadata: { labels: { tier: null } }, spec: { suspend: false } };
      expectHeld(await world.as('alice').patch(jobsPath(ns, 'work'), patch), 'alice', groups('dev'));
    },
  },
  {
    name: "a CronJob's Job is held in the name that the template carries",
    guards: ['hold'],
    see: async (world, ns) => {
      const made = await asCronJobController(world, ns, job('work', { annotations: heldMarks('carol').annotations }));
      expectHeld(made, 'carol', groups('dev'));
    },
  },
  {
    name: 'a Job that the CronJob controller makes is marked as a run of that CronJob',
    guards: ['hold'],
    see: async (world, ns) => {
      const cron = await world.as('alice').create(cronJobsPath(ns), cronJob('nightly'));
      const made = await asCronJobController(world, ns, job('work', ownedBy(cron)));
      expect(made.metadata.annotations?.['countersign.dev/run-of']).toBe(cron.metadata.uid);
    },
  },
  {
    name: 'the Job of a CronJob whose template carries no name is held in the name of the controller',
    guards: ['hold'],
    see: async (world, ns) => {
      const made = await asCronJobController(world, ns, job('work'));
      expect(made.metadata.annotations?.['countersign.dev/requester']).toBe('system:serviceaccount:kube-system:cronjob-controller');
    },
  },
  {
    name: 'a Job that the operator makes for somebody keeps their name',
    guards: ['hold'],
    see: async (world, ns) =>
      expectHeld(
        await world.as('operator').create(jobsPath(ns), job('work', heldMarks('alice'), { suspend: true })),
        'alice',
        groups('dev'),
      ),
  },
  {
    name: "whoever borrows the operator's name cannot name another",
    guards: [],
    see: async (world, ns) => {
      const made = await world
        .as('impersonator')
        .create(jobsPath(ns), job('work', heldMarks('alice'), { suspend: true }))
        .catch(String);
      expect(String(typeof made === 'string' ? made : made.metadata.annotations?.['countersign.dev/requester'])).not.toBe('alice');
    },
  },
];

/** What the API server fills in; without the stamp it is refused or absent. */
/** Nellie's group of two lines must not be read as two groups, of which she has neither. */
const namesNoGroupOfTwoLines = (what: string, guard: GuardName, create: (by: Api, ns: string) => Promise<Stored>): Promised => ({
  name: `a group whose name has two lines is not two groups on ${what}`,
  guards: [guard],
  see: async (world, ns) => {
    const { metadata, spec } = await create(world.as('nellie'), ns);
    const stamped = spec.jobTemplate?.metadata?.annotations ?? metadata.annotations ?? {};
    expect(stamped['countersign.dev/requester']).toBe('nellie');
    expect(stamped['countersign.dev/requester-groups']).toBe(groups('dev'));
  },
});

export const stampPromises: readonly Promised[] = [
  namesNoGroupOfTwoLines('a Job', 'hold', (by, ns) => by.create(jobsPath(ns), job('work'))),
  namesNoGroupOfTwoLines('a request', 'countersign-requester-stamp', (by, ns) => by.create(oursPath(ns, 'approvalrequests'), request('r'))),
  namesNoGroupOfTwoLines('a delegation', 'countersign-delegation-stamp', (by, ns) =>
    by.create(oursPath(ns, 'approvaldelegations'), delegation('nellie', 'alice')),
  ),
  namesNoGroupOfTwoLines('the template of a CronJob', 'countersign-cronjob-author', (by, ns) =>
    by.create(cronJobsPath(ns), cronJob('nightly')),
  ),
  {
    name: 'a decision is stamped with who made it',
    guards: ['countersign-decision-stamp'],
    see: async (world, ns) => {
      const r = await world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r'));
      const made = await world.as('bob').create(oursPath(ns, 'approvaldecisions'), decision(r));
      expect(made.spec).toMatchObject({ approver: 'bob', groups: ['finance', 'system:authenticated'], via: 'Kubernetes' });
    },
  },
  {
    name: 'a delegation is stamped with who wrote it, and again with whoever changes what it says',
    guards: ['countersign-delegation-stamp'],
    see: async (world, ns) => {
      const path = oursPath(ns, 'approvaldelegations', 'away');
      const author = (of: Stored): unknown[] => [
        of.metadata.annotations?.['countersign.dev/requester'],
        of.metadata.annotations?.['countersign.dev/requester-groups'],
      ];
      const made = await world.as('bob').create(oursPath(ns, 'approvaldelegations'), delegation('bob', 'alice'));
      expect(author(made)).toEqual(['bob', groups('finance')]);
      const labelled = await world.as('mallory').patch(path, { metadata: { labels: { team: 'a' } } });
      expect(author(labelled)).toEqual(['bob', groups('finance')]);
      const changed = await world.as('dora').patch(path, { spec: { reason: 'on leave' } });
      expect(author(changed)).toEqual(['dora', groups('trusted')]);
    },
  },
  {
    name: 'a delegation that names another as its author is stamped with who wrote it',
    guards: ['countersign-delegation-stamp'],
    see: async (world, ns) => {
      const annotations = { 'countersign.dev/requester': 'bob', 'countersign.dev/requester-groups': 'finance' };
      const made = await world.as('dora').create(oursPath(ns, 'approvaldelegations'), delegation('bob', 'mallory', {}, { annotations }));
      expect(made.metadata.annotations).toMatchObject({
        'countersign.dev/requester': 'dora',
        'countersign.dev/requester-groups': groups('trusted'),
      });
    },
  },
  {
    name: 'a request is stamped with who made it',
    guards: ['countersign-requester-stamp'],
    see: async (world, ns) => {
      const made = await world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r'));
      expect(made.metadata.annotations).toMatchObject({
        'countersign.dev/requester': 'alice',
        'countersign.dev/requester-groups': groups('dev'),
      });
    },
  },
  {
    name: 'a request that names another is stamped with who made it',
    guards: ['countersign-requester-stamp'],
    see: async (world, ns) => {
      const metadata = { annotations: { 'countersign.dev/requester': 'bob', 'countersign.dev/requester-groups': 'finance' } };
      const made = await world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r', {}, metadata));
      expect(made.metadata.annotations).toMatchObject({
        'countersign.dev/requester': 'alice',
        'countersign.dev/requester-groups': groups('dev'),
      });
    },
  },
  {
    name: 'a GovernedJob is stamped with who made it',
    guards: ['countersign-requester-stamp'],
    see: async (world, ns) => {
      const made = await world.as('alice').create(oursPath(ns, 'governedjobs'), governedJob('g'));
      expect(made.metadata.annotations).toMatchObject({
        'countersign.dev/requester': 'alice',
        'countersign.dev/requester-groups': groups('dev'),
      });
    },
  },
  {
    name: "the operator's request names whom it asks for",
    guards: [],
    see: async (world, ns) => {
      const annotations = { 'countersign.dev/requester': 'alice', 'countersign.dev/requester-groups': 'dev' };
      const made = await world.as('operator').create(oursPath(ns, 'approvalrequests'), request('r', {}, { annotations }));
      expect(made.metadata.annotations).toMatchObject(annotations);
    },
  },
  {
    name: "a CronJob's template is stamped with whoever last changed it, and nobody else",
    guards: ['countersign-cronjob-author'],
    governed: false,
    see: async (world, ns) => {
      const author = (of: Stored): unknown => of.spec.jobTemplate.metadata.annotations['countersign.dev/requester'];
      expect(author(await world.as('alice').create(cronJobsPath(ns), cronJob('nightly')))).toBe('alice');
      expect(author(await world.as('bob').patch(cronJobsPath(ns, 'nightly'), { spec: { suspend: true } }))).toBe('alice');
      const touched = await world
        .as('bob')
        .patch(cronJobsPath(ns, 'nightly'), { spec: { jobTemplate: { metadata: { annotations: null } } } });
      expect(author(touched)).toBe('alice');
      const changed = await world.as('mallory').patch(cronJobsPath(ns, 'nightly'), { spec: { jobTemplate: { spec: { parallelism: 2 } } } });
      expect(author(changed)).toBe('mallory');
      expect(changed.spec.jobTemplate.metadata.annotations['countersign.dev/requester-groups']).toBe(groups('dev'));
    },
  },
  {
    name: 'a status that is sent with a new request is dropped',
    guards: [],
    see: async (world, ns) => {
      const status = { phase: 'Approved', observedGeneration: 1, subjectDigest: digest };
      const made = await world.as('alice').create(oursPath(ns, 'approvalrequests'), { ...request('r'), status });
      expect(made.status).toBeUndefined();
    },
  },
];

/** The real controller, which looks once a minute. */
export async function childOfCronJob(world: World, ns: string): Promise<Stored> {
  await world.as('alice').create(cronJobsPath(ns), cronJob('every-minute', {}, '* * * * *'));
  return eventually(
    'the CronJob makes a Job',
    async () => ((await world.admin.get(jobsPath(ns))) as unknown as { items: Stored[] }).items[0],
    90_000,
  );
}
