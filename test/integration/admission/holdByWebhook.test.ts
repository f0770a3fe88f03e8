import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, Refusal, type Stored } from '../guards/api.ts';
import { decisionAttacks } from '../guards/attacks/decisions.ts';
import { jobAttacks } from '../guards/attacks/jobs.ts';
import { operatorAttacks } from '../guards/attacks/operator.ts';
import { cronJobAttacks, cronJobForgeries, podAttacks } from '../guards/attacks/others.ts';
import { relayAttacks } from '../guards/attacks/relay.ts';
import { requestAttacks } from '../guards/attacks/requests.ts';
import { freedoms } from '../guards/freedoms.ts';
import { holdPromises, stampPromises } from '../guards/holds.ts';
import { relayFreedoms, relayPromises } from '../guards/relayed.ts';
import { cronJob, cronJobsPath, decision, digest, heldJob, job, jobsPath, oursPath, quickJob, request } from '../guards/subjects.ts';
import { policyMarkKey, startWorld, type World } from '../guards/world.ts';
import { startAdmission, type AdmissionService } from './service.ts';

// As on a cluster before 1.36: no MutatingAdmissionPolicy of ours, and a webhook that does what they do. All that holds there must hold here.
let world: World;
let admission: AdmissionService;
beforeAll(async () => {
  world = await startWorld('Webhook');
  // What validates is tested beside this; here it would only speak before the guards do.
  admission = await startAdmission(world, 'Webhook', ['MutatingWebhookConfiguration']);
  const ns = await world.namespace();
  let count = 0;
  await eventually('the webhook holds Jobs', async () => {
    const made = await world.as('alice').create(jobsPath(ns), job(`probe-${(count += 1)}`));
    return made.metadata.annotations?.[policyMarkKey] === 'held' ? true : undefined;
  });
});
afterAll(async () => {
  await admission.stop();
  await world.stop();
});

const nothing = { metadata: { name: '', uid: '', resourceVersion: '' } };
const attacks = [
  ...jobAttacks,
  ...podAttacks,
  ...operatorAttacks,
  ...decisionAttacks,
  ...requestAttacks,
  ...relayAttacks,
  ...cronJobAttacks,
];

describe('hold mode Webhook', () => {
  test.each([...holdPromises, ...stampPromises, ...relayPromises])('$name', async ({ see, governed }) =>
    see(world, await world.namespace(governed)),
  );

  test.each(cronJobForgeries)('corrected: $name', async (forgery) => {
    const ns = await world.namespace();
    const given = (await forgery.given?.(world, ns)) ?? nothing;
    expect(forgery.stamped((await forgery.try(world.as(forgery.as), ns, given, world)) as Stored)).toBe(true);
  });

  test.each([...freedoms, ...relayFreedoms])('$name', async ({ see, governed }) => see(world, await world.namespace(governed)));

  test('a Job whose context says a thing twice is refused, and told which', async () => {
    const annotations = { 'countersign.dev/context': '{"amount": 5, "amount": 50000}' };
    const created = world.as('alice').create(jobsPath(await world.namespace()), job('work', { annotations }));
    await expect(created).rejects.toThrow('annotation countersign.dev/context has the key "amount" twice');
  });
});

describe('hold mode Webhook refuses', () => {
  test.each(attacks)('$name', async (attack) => {
    const ns = await world.namespace(attack.governed);
    const given = (await attack.given?.(world, ns)) ?? nothing;
    const outcome = await attack.try(world.as(attack.as), ns, given, world).catch((error: unknown) => error);
    expect(outcome, 'it was let through').toBeInstanceOf(Refusal);
    expect((outcome as Refusal).message).toContain(attack.expect);
  });
});

// Last in this file, because it takes the webhook away.
describe('hold mode Webhook, with nobody answering', () => {
  beforeAll(() => admission.server.close());

  test('a governed Job is refused rather than let through, and so is its resumption', async () => {
    const ns = await world.namespace();
    await expect(world.as('alice').create(jobsPath(ns), job('work'))).rejects.toThrow('did not arrive held');
    const elsewhere = await world.namespace(false);
    await world.as('alice').create(jobsPath(elsewhere), job('work', {}, { suspend: true }));
    const resume = { metadata: { labels: { tier: 'prod' } }, spec: { suspend: false } };
    await expect(world.as('alice').patch(jobsPath(elsewhere, 'work'), resume)).rejects.toThrow('did not arrive held');
  });

  test('an ungoverned Job runs, and a CronJob is made', async () => {
    const ns = await world.namespace(false);
    await world.as('alice').create(jobsPath(ns), quickJob('work'));
    await eventually('it completes', async () => ((await world.admin.get(jobsPath(ns, 'work'))).status.succeeded === 1 ? true : undefined));
    await world.as('alice').create(cronJobsPath(ns), cronJob('nightly'));
  });

  test('nobody names another in a template, although nobody corrects it', async () => {
    const ns = await world.namespace();
    const forged = cronJob('nightly', { annotations: { 'countersign.dev/requester': 'bob' } });
    await expect(world.as('alice').create(cronJobsPath(ns), forged)).rejects.toThrow('must name whoever changes the template');
  });

  const annotationsOf = (cron: Stored): unknown => cron.spec.jobTemplate.metadata?.annotations;
  const alices = { 'countersign.dev/requester': 'alice', 'countersign.dev/requester-groups': 'dev\nsystem:authenticated' };

  test('who changes a template that names another is told to name themselves or nobody, and may do either', async () => {
    const ns = await world.namespace();
    const path = cronJobsPath(ns, 'nightly');
    await world.as('alice').create(cronJobsPath(ns), cronJob('nightly', { annotations: alices }));
    const change = (more: object): object => ({ spec: { jobTemplate: { ...more, spec: { parallelism: 2 } } } });
    await expect(world.as('bob').patch(path, change({}))).rejects.toThrow('null in a patch takes out those of before');
    const cleared = { annotations: { 'countersign.dev/requester': null, 'countersign.dev/requester-groups': null } };
    expect(annotationsOf(await world.as('bob').patch(path, change({ metadata: cleared })))).toBeUndefined();
    const bobs = { 'countersign.dev/requester': 'bob', 'countersign.dev/requester-groups': 'finance\nsystem:authenticated' };
    expect(annotationsOf(await world.as('bob').patch(path, change({ metadata: { annotations: bobs } })))).toEqual(bobs);
  });

  test('a manifest that leaves the stamp out is written: who evades looks no different from who replaces in good faith', async () => {
    const ns = await world.namespace();
    await world.as('alice').create(cronJobsPath(ns), cronJob('nightly', { annotations: alices }));
    await world.as('alice').replace(cronJobsPath(ns, 'nightly'), cronJob('nightly'));
    expect(annotationsOf(await world.admin.get(cronJobsPath(ns, 'nightly')))).toBeUndefined();
  });

  test('a request says what to fill in, and is taken when it is', async () => {
    const ns = await world.namespace();
    await expect(world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r'))).rejects.toThrow(
      'the admission webhook did not answer',
    );
    const annotations = { 'countersign.dev/requester': 'alice', 'countersign.dev/requester-groups': 'dev\nsystem:authenticated' };
    await world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r', {}, { annotations }));
  });

  test('a decision says what to fill in, and is taken when it is', async () => {
    const ns = await world.namespace();
    const annotations = { 'countersign.dev/requester': 'alice', 'countersign.dev/requester-groups': 'dev\nsystem:authenticated' };
    const asked = await world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r', {}, { annotations }));
    await expect(world.as('bob').create(oursPath(ns, 'approvaldecisions'), decision(asked))).rejects.toThrow(
      'the admission webhook did not answer',
    );
    const filled = { approver: 'bob', groups: ['finance', 'system:authenticated'], via: 'Kubernetes' };
    await world.as('bob').create(oursPath(ns, 'approvaldecisions'), decision(asked, filled));
  });

  test('what is held stays held', async () => {
    const ns = await world.namespace();
    const marks = {
      labels: { 'countersign.dev/held': 'true' },
      annotations: {
        'countersign.dev/author-suspended': 'false',
        'countersign.dev/requester': 'alice',
        'countersign.dev/requester-groups': 'dev\nsystem:authenticated',
        [policyMarkKey]: 'held',
      },
    };
    await heldJob(world, ns, job('work', marks, { suspend: true }));
    await expect(world.as('alice').patch(jobsPath(ns, 'work'), { spec: { suspend: false } })).rejects.toThrow(
      'only the operator may resume',
    );
    const release = { metadata: { annotations: { 'countersign.dev/released': digest } } };
    await expect(world.as('admin').patch(jobsPath(ns, 'work'), release)).rejects.toThrow("are the operator's to change");
  });
});
