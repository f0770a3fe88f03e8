import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../guards/api.ts';
import { job, jobsPath, quickJob } from '../guards/subjects.ts';
import { marks, whenPolicies } from '../guards/whenPolicies.ts';
import { audits, expectUntouched, holds, refusals, refusedFor, whenFreedoms } from '../guards/whens.ts';
import { startWorld, type World } from '../guards/world.ts';
import { startAdmission, type AdmissionService } from './service.ts';

// As on a cluster before 1.36. All that holds in ../guards/when.test.ts must hold here, but that a `when` that fails refuses.
let world: World;
let admission: AdmissionService;
beforeAll(async () => {
  world = await startWorld('Webhook', whenPolicies);
  admission = await startAdmission(world, 'Webhook', ['MutatingWebhookConfiguration']);
  await storePolicies();
  const ns = await world.namespace(false, { sized: 'yes' });
  let count = 0;
  await eventually('the webhook holds Jobs', async () => {
    const made = await world.as('alice').create(jobsPath(ns), job(`probe-${(count += 1)}`, {}, { parallelism: 11 }));
    return made.metadata.annotations?.[marks.sized] === 'held' ? true : undefined;
  });
});
afterAll(async () => {
  await admission.stop();
  await world.stop();
});

/** The policies themselves, which the webhook reads where the API server cannot evaluate their `when`. */
async function storePolicies(): Promise<void> {
  for (const { name, match } of whenPolicies) {
    await world.admin.create('/apis/countersign.dev/v1alpha1/clusterapprovalpolicies', {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'ClusterApprovalPolicy',
      metadata: { name },
      spec: { match },
    });
  }
}

describe('hold mode Webhook', () => {
  test.each([...holds, ...audits])('$name', ({ see }) => see(world));
  test.each(whenFreedoms)('$name', ({ see }) => see(world));
  test.each(refusals)('refused: $name', async (row) => {
    expect(await refusedFor(row.try(world))).toContain(row.expect);
  });

  test('a Job that when fails for is refused, and told why', async () => {
    const ns = await world.namespace(false, { levelled: 'yes' });
    expect(await refusedFor(world.as('alice').create(jobsPath(ns), job('work')))).toContain('no such key');
  });

  test('a Job that the when of an audit fails for runs, although nobody tells of it', async () => {
    const ns = await world.namespace(false, { 'watched-levels': 'yes' });
    expectUntouched(await world.as('alice').create(jobsPath(ns), job('work')));
  });
});

// Last in this file, because it takes the webhook away.
describe('hold mode Webhook, with nobody answering', () => {
  beforeAll(() => admission.server.close());

  test('what when is true of is refused, and what it is false of runs', async () => {
    const ns = await world.namespace(false, { sized: 'yes' });
    const create = (name: string, parallelism: number) => world.as('alice').create(jobsPath(ns), job(name, {}, { parallelism }));
    expect(await refusedFor(create('big', 11))).toContain('did not arrive held');
    expectUntouched(await create('small', 10));
    const sales = await world.namespace(false, { teamed: 'yes', team: 'sales' });
    expectUntouched(await world.as('alice').create(jobsPath(sales), job('work')));
  });

  test('what an audit speaks of runs to its end', async () => {
    const ns = await world.namespace(false, { watched: 'yes' });
    await world.as('alice').create(jobsPath(ns), { ...quickJob('work'), metadata: { name: 'work', labels: { seen: 'yes' } } });
    await eventually('it completes', async () => ((await world.admin.get(jobsPath(ns, 'work'))).status.succeeded === 1 ? true : undefined));
  });
});
