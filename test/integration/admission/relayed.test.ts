import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, type Stored } from '../guards/api.ts';
import { asBob, byBob } from '../guards/attacks/relay.ts';
import { decision, digest, governedJob, job, jobsPath, oursPath, request } from '../guards/subjects.ts';
import { startWorld, type World } from '../guards/world.ts';
import { startAdmission, type AdmissionService } from './service.ts';

// The service may do everything here by RBAC: what is refused is refused for what the person it names may not.
const approvers = [
  { name: 'bob', username: 'bob', groups: ['finance'], mail: 'bob@corp.example', slackId: 'U1' },
  { name: 'dora', username: 'dora', groups: ['trusted'], slackId: 'U2' },
];
let world: World;
let admission: AdmissionService;
beforeAll(async () => {
  world = await startWorld();
  admission = await startAdmission(world, 'MutatingAdmissionPolicy', undefined, approvers);
  const ns = await world.namespace(false);
  await eventually('the webhooks are asked', async () => ((await refusalOf(ask(ns, stranger, request('r')))) === '' ? undefined : true));
});
afterAll(async () => {
  await admission.stop();
  await world.stop();
});

const named = (username: string, ...groups: string[]): object => ({ approver: username, groups: [...groups, 'system:authenticated'] });
const asking = (username: string, ...groups: string[]): Record<string, string> => ({
  ...asBob,
  'countersign.dev/requester': username,
  'countersign.dev/requester-groups': groups.join('\n'),
});
/** Nobody gave her any right. */
const stranger = asking('stranger');

const refusalOf = (act: Promise<unknown>): Promise<string> => act.then(() => '', String);
const ask = (ns: string, annotations: object, manifest: object, plural = 'approvalrequests'): Promise<Stored> =>
  world
    .as('relay')
    .create(`${oursPath(ns, plural)}?dryRun=All`, { ...manifest, metadata: { ...(manifest as Stored).metadata, annotations } });
const decide = (ns: string, of: Stored, spec: object): Promise<Stored> =>
  world.as('relay').create(oursPath(ns, 'approvaldecisions'), decision(of, { ...byBob, ...spec }));

const stage = {
  name: 'finance',
  asSubmitted: true,
  state: 'Active',
  required: 1,
  approvals: 0,
  require: [{ count: 1, from: [{ group: 'finance' }, { user: 'stranger' }], approvedBy: [] }],
  separation: { requesterMayApprove: false, distinctAcrossStages: true },
  reassignTo: [{ user: 'carol' }],
};
/** A request that asks finance, and the stranger. */
async function asked(ns: string, annotations?: object, minimumChannel = 'Email'): Promise<Stored> {
  const by = annotations === undefined ? world.as('alice') : world.as('relay');
  await by.create(oursPath(ns, 'approvalrequests'), request('r', {}, { annotations }));
  const requester = { username: annotations === undefined ? 'alice' : 'bob', groups: [] };
  const status = { phase: 'Reviewing', observedGeneration: 1, subjectDigest: digest, requester, stages: [{ ...stage, minimumChannel }] };
  return world.as('operator').patch(oursPath(ns, 'approvalrequests', 'r', 'status'), { status });
}

describe('a relayed decision', () => {
  test('of somebody who is asked and has the right to decide is taken, by each channel', async () => {
    const ns = await world.namespace(false);
    const of = await asked(ns);
    for (const via of ['Web', 'Slack', 'Email']) await decide(ns, of, { via });
  });

  test('by a channel that is too weak for the stage is refused, unless it is a no', async () => {
    const ns = await world.namespace(false);
    const of = await asked(ns, undefined, 'Web');
    expect(await refusalOf(decide(ns, of, { via: 'Email' }))).toContain('takes at least Web');
    await decide(ns, of, { via: 'Email', verdict: 'Reject' });
    await decide(ns, of, {});
  });

  test.each<[string, object, string]>([
    ['of somebody who is asked, but has no right to decide', named('stranger'), 'stranger may not create approvaldecisions'],
    ['of somebody who is not asked', named('mallory', 'dev'), 'does not ask mallory'],
    ['that overrides, of somebody without the verb', { verdict: 'Override', ticket: 'INC-1' }, 'takes the verb override'],
    [
      'that overrides, of somebody with a wildcard',
      { ...named('wilma', 'wildcard'), verdict: 'Override', ticket: 'INC-1' },
      'takes the verb override',
    ],
    [
      'that reassigns, of somebody without the verb',
      { verdict: 'Reassign', reassign: { stage: 'finance', from: 'stranger', to: 'carol' } },
      'takes the verb reassign',
    ],
    ['by Email of somebody without an address', { ...named('dora', 'trusted'), via: 'Email' }, 'must be in an Approver, and dora is not'],
    [
      'by Slack of somebody nobody wrote down',
      { ...named('carol', 'canceller'), via: 'Slack' },
      'must be in an Approver, and carol is not',
    ],
    ['by Slack of somebody who says she is in more groups', { ...named('dora', 'trusted', 'finance'), via: 'Slack' }, 'is not in finance'],
  ])('%s is refused', async (_name, spec, message) => {
    const ns = await world.namespace(false);
    expect(await refusalOf(decide(ns, await asked(ns), spec))).toContain(message);
  });

  test('that overrides, of somebody with the verb, is taken', async () => {
    const ns = await world.namespace(false);
    await decide(ns, await asked(ns), { ...named('dora', 'trusted'), verdict: 'Override', ticket: 'INC-1' });
  });

  test('of who asked through the service is refused as that of who asked with kubectl is', async () => {
    const ns = await world.namespace(false);
    expect(await refusalOf(decide(ns, await asked(ns, asBob), {}))).toContain('do not let requesters approve');
  });
});

describe('what is asked for somebody', () => {
  const about = (kind: 'Job' | 'GovernedJob'): object =>
    request('r', {
      subject: { resource: { apiVersion: kind === 'Job' ? 'batch/v1' : 'countersign.dev/v1alpha1', kind, name: 'work' } },
    });

  test.each<[string, object, object, string, string]>([
    ['a request, by nobody we know', stranger, request('r'), 'approvalrequests', 'stranger may not create approvalrequests'],
    ['a request about a Job that they may not see', asking('norman', 'no-jobs'), about('Job'), 'approvalrequests', 'norman may not get'],
    ['a GovernedJob, by nobody we know', stranger, governedJob('g'), 'governedjobs', 'stranger may not create governedjobs'],
    [
      'a GovernedJob, by who may not create Jobs',
      asking('norman', 'no-jobs'),
      governedJob('g'),
      'governedjobs',
      'norman may not create jobs',
    ],
  ])('is refused: %s', async (_name, annotations, manifest, plural, message) => {
    const ns = await world.namespace(false);
    await world.as('alice').create(jobsPath(ns), job('work'));
    expect(await refusalOf(ask(ns, annotations, manifest, plural))).toContain(message);
  });

  test('is taken of whoever may', async () => {
    const ns = await world.namespace(false);
    await world.as('alice').create(jobsPath(ns), job('work'));
    const alice = asking('alice', 'dev');
    await ask(ns, alice, about('Job'));
    await ask(ns, alice, governedJob('g'), 'governedjobs');
  });
});

describe('what is cancelled for somebody', () => {
  const cancel = (ns: string, plural: string, username: string, groups: string): Promise<Stored> => {
    const annotations = { 'countersign.dev/cancelled-by': username, 'countersign.dev/cancelled-by-groups': groups };
    return world.as('relay').patch(oursPath(ns, plural, 'it'), { metadata: { annotations }, spec: { cancelled: true } });
  };
  test.each([
    ['approvalrequests', request('it')],
    ['governedjobs', governedJob('it')],
  ])('%s: by who asked, or who has the verb', async (plural, manifest) => {
    for (const [username, groups] of [
      ['alice', 'dev'],
      ['carol', 'canceller'],
    ] as const) {
      const ns = await world.namespace(false);
      await world.as('alice').create(oursPath(ns, plural), manifest);
      expect(await refusalOf(cancel(ns, plural, 'mallory', 'dev'))).toContain('mallory may not cancel');
      await cancel(ns, plural, username, groups);
    }
  });
});

// Last in this file, because they take the webhook away.
describe('with nobody answering', () => {
  beforeAll(() => admission.server.close());

  test('nothing is relayed, and people decide and ask as ever', async () => {
    const ns = await world.namespace(false);
    const of = await asked(ns);
    const acts = [() => decide(ns, of, {}), () => ask(ns, asBob, request('other')), () => ask(ns, asBob, governedJob('g'), 'governedjobs')];
    for (const act of acts) expect(await refusalOf(act())).toContain('failed calling webhook "relayed.countersign.dev"');
    const cancelled = { metadata: { annotations: { 'countersign.dev/cancelled-by': 'alice' } }, spec: { cancelled: true } };
    expect(await refusalOf(world.as('relay').patch(oursPath(ns, 'approvalrequests', 'r'), cancelled))).toContain('relayed.countersign.dev');
    await world.as('bob').create(oursPath(ns, 'approvaldecisions'), decision(of));
    await world.as('alice').create(oursPath(ns, 'governedjobs'), governedJob('g'));
  });
});

test('without that webhook somebody without any right is decided for: it is what refused', async () => {
  const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/countersign';
  const { webhooks } = (await world.admin.get(path)) as Stored & { webhooks: { name: string }[] };
  await world.admin.patch(path, { webhooks: webhooks.filter(({ name }) => name !== 'relayed.countersign.dev') });
  const ns = await world.namespace(false);
  const of = await asked(ns);
  await eventually('a stranger is decided for', async () =>
    (await refusalOf(decide(ns, of, named('stranger')))) === '' ? true : undefined,
  );
});
