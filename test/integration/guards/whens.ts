import { expect } from 'vitest';
import { Refusal, type Api, type Stored } from './api.ts';
import { cronJob, cronJobsPath, heldMarks, job, jobsPath, ownedBy, type Marks } from './subjects.ts';
import { marks } from './whenPolicies.ts';
import type { World } from './world.ts';

/** Something that must be seen, and must not be seen with these policies of the API server unbound. */
export interface Row {
  readonly name: string;
  /** Which policies of the API server do it; what is left out cannot be undone. */
  readonly by: RegExp;
  readonly see: (world: World) => Promise<void>;
}

const sized = { sized: 'yes' };
const small = { parallelism: 10 };
const big = { parallelism: 11 };

const create = async (world: World, labels: Record<string, string>, spec: object, more: Marks = {}, governed = false): Promise<Stored> =>
  world.as('alice').create(jobsPath(await world.namespace(governed, labels)), job('work', more, spec));

const ours = (seen: Stored): string[] =>
  [...Object.keys(seen.metadata.labels ?? {}), ...Object.keys(seen.metadata.annotations ?? {})].filter((key) =>
    key.includes('countersign.dev/'),
  );

export function expectHeldBy(seen: Stored, mark: string, requester = 'alice', authorSuspended = 'false'): void {
  expect(seen.spec.suspend).toBe(true);
  expect(seen.metadata.labels).toMatchObject({ 'countersign.dev/held': 'true' });
  expect(seen.metadata.annotations).toMatchObject({
    [mark]: 'held',
    'countersign.dev/requester': requester,
    'countersign.dev/author-suspended': authorSuspended,
  });
}

/** As its author made it: nothing was done to it, or everything was undone. */
export function expectUntouched(seen: Stored, suspended = false): void {
  expect(ours(seen)).toEqual([]);
  expect(seen.spec.suspend).toBe(suspended);
}

export const refusedFor = async (act: Promise<unknown>): Promise<string> => {
  const outcome = await act.then(
    () => 'let through',
    (error: unknown) => error,
  );
  if (outcome instanceof Refusal) return outcome.message;
  throw new Error('it was let through or failed otherwise', { cause: outcome });
};

/** What `when` is true of is held. */
export const holds: readonly Row[] = [
  {
    name: 'a Job that when is true of is held',
    by: /^countersign-hold-.*\.cluster\.sized$/,
    see: async (world) => expectHeldBy(await create(world, sized, big), marks.sized),
  },
  {
    name: 'one when of several is enough, whichever it is',
    by: /^countersign-hold-.*\.cluster\.sized$/,
    see: async (world) => {
      expectHeldBy(await create(world, sized, small, { labels: { tier: 'gold' } }), marks.sized);
      expectHeldBy(await create(world, sized, big, { labels: { tier: 'tin' } }), marks.sized);
    },
  },
  {
    name: 'a when may read the namespace',
    by: /^countersign-hold-.*\.cluster\.sized$/,
    see: async (world) => expectHeldBy(await create(world, { teamed: 'yes', team: 'finance' }, small), marks.sized),
  },
  {
    name: 'a Job that its author suspended is held and remembers it',
    by: /^countersign-hold-.*\.cluster\.sized$/,
    see: async (world) => expectHeldBy(await create(world, sized, { ...big, suspend: true }), marks.sized, 'alice', 'true'),
  },
  {
    name: 'a Job that was made small and suspended is held once it is made big',
    by: /^countersign-hold-.*\.cluster\.sized$/,
    see: async (world) => {
      const ns = await world.namespace(false, sized);
      await world.as('alice').create(jobsPath(ns), job('work', {}, { ...small, suspend: true }));
      expectHeldBy(await world.as('mallory').patch(jobsPath(ns, 'work'), { spec: big }), marks.sized, 'mallory', 'true');
    },
  },
  {
    name: 'a Job that was made small and suspended is held when it is made big and resumed in one write',
    by: /^countersign-hold-.*\.cluster\.sized$/,
    see: async (world) => {
      const ns = await world.namespace(false, sized);
      await world.as('alice').create(jobsPath(ns), job('work', {}, { ...small, suspend: true }));
      const patch = { spec: { ...big, suspend: false } };
      expectHeldBy(await world.as('alice').patch(jobsPath(ns, 'work'), patch), marks.sized);
    },
  },
  {
    name: 'a Job that came under a when by its labels while it was suspended is held when it is resumed',
    by: /^countersign-hold-.*\.cluster\.sized$/,
    see: async (world) => {
      const ns = await world.namespace(false, sized);
      await world.as('alice').create(jobsPath(ns), job('work', {}, { ...small, suspend: true }));
      await world.as('alice').patch(jobsPath(ns, 'work'), { metadata: { labels: { tier: 'gold' } } });
      expectHeldBy(await world.as('alice').patch(jobsPath(ns, 'work'), { spec: { suspend: false } }), marks.sized);
    },
  },
];

/** Hold mode MutatingAdmissionPolicy alone. */
export const failingHolds: readonly Row[] = [
  {
    name: 'a Job that when fails for is held',
    by: /^countersign-hold-.*\.cluster\.sized$/,
    see: async (world) => {
      const seen = await create(world, { levelled: 'yes' }, small);
      expect(seen.spec.suspend).toBe(true);
      expect(seen.metadata.labels).toMatchObject({ 'countersign.dev/held': 'true' });
      expect(Object.keys(seen.metadata.annotations ?? {})).toContain(marks.sized);
      expect(seen.metadata.annotations).toMatchObject({ 'countersign.dev/requester': 'alice' });
    },
  },
];

/** What a policy that only audits does. */
export const audits: readonly Row[] = [
  {
    name: 'a Job that would be held is labelled, and runs',
    by: /^countersign-audit\.cluster\.watching$/,
    see: async (world) => expectAudited(await create(world, {}, small, { labels: { seen: 'yes' } }), [marks.watching]),
  },
  {
    name: 'a Job that the when of an audit is true of is labelled, by each policy on its own',
    by: /^countersign-audit-.*\.cluster\.(also-)?watching$/,
    see: async (world) => {
      expectAudited(await create(world, { watched: 'yes' }, { parallelism: 11 }), [marks.watching]);
      expectAudited(await create(world, { watched: 'yes' }, { parallelism: 21 }), [marks.watching, marks.alsoWatching]);
    },
  },
];

/** In hold mode Webhook a condition that fails asks nobody. */
export const failingAudits: readonly Row[] = [
  {
    name: 'a Job that the when of an audit fails for is labelled, and runs',
    by: /^countersign-audit-.*\.cluster\.watching$/,
    see: async (world) => {
      const seen = await create(world, { 'watched-levels': 'yes' }, small);
      expect(seen.metadata.labels).toMatchObject({ 'countersign.dev/audit': 'true' });
      expect(Object.keys(seen.metadata.annotations ?? {})).toContain(marks.watching);
      expect(seen.spec.suspend).toBe(false);
    },
  },
];

function expectAudited(seen: Stored, by: readonly string[]): void {
  expect(seen.metadata.labels).toMatchObject({ 'countersign.dev/audit': 'true' });
  expect(ours(seen).sort()).toEqual(['countersign.dev/audit', ...by].sort());
  for (const mark of by) expect(seen.metadata.annotations?.[mark]).toBe('would-hold');
  expect(seen.spec.suspend).toBe(false);
}

interface Refused {
  readonly name: string;
  /** Which policies of the API server refuse it. */
  readonly by: RegExp;
  readonly expect: string;
  readonly try: (world: World) => Promise<unknown>;
}

const running = async (world: World, labels: Record<string, string>, spec: object = small): Promise<{ by: Api; at: string }> => {
  const ns = await world.namespace(false, labels);
  await world.as('alice').create(jobsPath(ns), job('work', {}, spec));
  return { by: world.as('alice'), at: jobsPath(ns, 'work') };
};

/** What is refused. */
export const refusals: readonly Refused[] = [
  {
    name: 'a running Job is made so big that when is true of it',
    by: /^countersign-held-.*\.cluster\.sized$/,
    expect: 'it runs already',
    try: async (world) => {
      const { by, at } = await running(world, sized);
      return by.patch(at, { spec: big });
    },
  },
  {
    name: 'a running Job is suspended and made big in one write',
    by: /^countersign-held-.*\.cluster\.sized$/,
    expect: 'it runs already',
    try: async (world) => {
      const { by, at } = await running(world, sized);
      return by.patch(at, { spec: { ...big, suspend: true } });
    },
  },
  {
    name: 'a running Job is changed, and labelled so that when is true of it, in one write',
    by: /^countersign-held-.*\.cluster\.sized$/,
    expect: 'it runs already',
    try: async (world) => {
      const { by, at } = await running(world, sized);
      return by.patch(at, { metadata: { labels: { tier: 'gold' } }, spec: { parallelism: 9 } });
    },
  },
  {
    name: 'a Job that breaks a rule of the policy that holds it',
    by: /^countersign-rules\.cluster\.strict$/,
    expect: 'retry at most three times',
    try: (world) => create(world, { strict: 'yes' }, { backoffLimit: 4 }, { labels: { owner: 'me' } }),
  },
  {
    name: 'a Job that breaks one rule where another fails',
    by: /^countersign-rules\.cluster\.strict$/,
    expect: 'retry at most three times',
    try: (world) => create(world, { strict: 'yes' }, { backoffLimit: 4 }),
  },
  {
    name: 'a suspended Job that is resumed so that it breaks a rule',
    by: /^countersign-rules\.cluster\.strict$/,
    expect: 'say whose it is',
    try: async (world) => {
      const { by, at } = await running(world, {}, { suspend: true, backoffLimit: 1 });
      return by.patch(at, { metadata: { labels: { strict: 'yes', owner: 'nobody' } }, spec: { suspend: false } });
    },
  },
  {
    name: "the Job of a GovernedJob that breaks a rule, when its author's request is tried out",
    by: /^countersign-rules\.cluster\.strict$/,
    expect: 'retry at most three times',
    try: async (world) => {
      const trial = job('work', heldMarks('alice'), { suspend: true, backoffLimit: 4 });
      return world.as('operator').create(`${jobsPath(await world.namespace(false, { strict: 'yes' }))}?dryRun=All`, trial);
    },
  },
];

interface Freedom {
  readonly name: string;
  readonly see: (world: World) => Promise<void>;
}

/** What must stay as it is, in both hold modes. */
export const whenFreedoms: readonly Freedom[] = [
  {
    name: 'a Job that when is false of is as its author made it',
    see: async (world) => {
      expectUntouched(await create(world, sized, small));
      expectUntouched(await create(world, sized, { ...small, suspend: true }), true);
      expectUntouched(await create(world, { teamed: 'yes', team: 'sales' }, big));
    },
  },
  {
    name: 'what its author says in labels and annotations stays where when is false',
    see: async (world) => {
      const said = { labels: { app: 'x' }, annotations: { note: 'y', 'countersign.dev/reason': 'payday' } };
      const seen = await create(world, sized, small, said);
      expect(seen.metadata.labels).toMatchObject(said.labels);
      expect(seen.metadata.annotations).toMatchObject(said.annotations);
      expect(ours(seen)).toEqual(['countersign.dev/reason']);
    },
  },
  {
    name: 'another policy holds what when is false of, under its own mark alone',
    see: async (world) => {
      const seen = await create(world, sized, small, {}, true);
      expectHeldBy(seen, marks.gate);
      expect(ours(seen)).not.toContain(marks.sized);
    },
  },
  {
    name: 'another policy holds what when is true of as well, under both marks',
    see: async (world) => {
      const seen = await create(world, sized, big, {}, true);
      expectHeldBy(seen, marks.gate);
      expectHeldBy(seen, marks.sized);
    },
  },
  {
    name: 'the Job of a CronJob that when is false of keeps who wrote its template, for whichever policy comes after',
    see: async (world) => {
      const controller = world.admin.as('system:serviceaccount:kube-system:cronjob-controller');
      const child = job('work', { annotations: heldMarks('carol').annotations }, small);
      const seen = await controller.create(jobsPath(await world.namespace(true, sized)), child);
      expectHeldBy(seen, marks.gate, 'carol');
      const ns = await world.namespace(false, sized);
      const cron = await world.as('alice').create(cronJobsPath(ns), cronJob('nightly'));
      const annotations = { 'countersign.dev/requester': 'carol', 'countersign.dev/requester-groups': 'dev' };
      const free = await controller.create(jobsPath(ns), job('work', { ...ownedBy(cron), annotations }, small));
      expect(free.metadata.annotations).not.toHaveProperty(['countersign.dev/run-of']);
      expect(free.spec.suspend).toBe(false);
      expect(free.metadata.annotations).toMatchObject({ 'countersign.dev/requester': 'carol', 'countersign.dev/requester-groups': 'dev' });
    },
  },
  {
    name: 'what the operator makes is held, whatever when says of it',
    see: async (world) => {
      const ns = await world.namespace(false, sized);
      const seen = await world.as('operator').create(jobsPath(ns), job('work', heldMarks('alice'), { ...small, suspend: true }));
      expect(seen.spec.suspend).toBe(true);
      expect(seen.metadata.labels).toMatchObject({ 'countersign.dev/held': 'true' });
      expect(ours(seen)).not.toContain(marks.sized);
    },
  },
  {
    name: 'a running Job may be changed where when stays false, stays true, or nothing but suspend changes',
    see: async (world) => {
      const { by, at } = await running(world, sized);
      await by.patch(at, { spec: { parallelism: 9 } });
      await by.patch(at, { metadata: { labels: { tier: 'gold' } } });
      // It is gold now, and was before.
      await by.patch(at, { spec: { parallelism: 8 } });
      await by.patch(at, { spec: { suspend: true } });
    },
  },
  {
    name: 'a rule that fails, and one that the API server cannot judge, leave the Job held',
    see: async (world) => expectHeldBy(await create(world, { strict: 'yes' }, { backoffLimit: 3 }), marks.strict),
  },
  {
    name: 'a Job that breaks a rule is left to its request where the operator makes it',
    see: async (world) => {
      const made = job('work', heldMarks('alice'), { suspend: true, backoffLimit: 4 });
      expectHeldBy(await world.as('operator').create(jobsPath(await world.namespace(false, { strict: 'yes' })), made), marks.strict);
    },
  },
  {
    name: 'what no audit speaks of bears no label, and may bear whatever its author likes',
    see: async (world) => {
      expectUntouched(await create(world, { watched: 'yes' }, small));
      expectUntouched(await create(world, {}, big));
      const forged = await create(world, {}, small, {
        labels: { 'countersign.dev/audit': 'true' },
        annotations: { [marks.watching]: 'forged' },
      });
      expect(forged.spec.suspend).toBe(false);
    },
  },
  {
    name: 'an audit does not stand in the way of a policy that holds',
    see: async (world) => {
      const seen = await create(world, {}, small, { labels: { seen: 'yes' } }, true);
      expectHeldBy(seen, marks.gate);
      expect(seen.metadata.annotations).toMatchObject({ [marks.watching]: 'would-hold' });
    },
  },
];
