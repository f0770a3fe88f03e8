import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectl } from '../../fixtures/kubectl.ts';
import { eventually, type Stored } from '../guards/api.ts';
import { decision, delegation, digest, otherDigest, governedJob, job, jobsPath, oursPath, request } from '../guards/subjects.ts';
import { startWorld, type Who, type World } from '../guards/world.ts';
import { startAdmission, type AdmissionService } from './service.ts';

// What only a process can know. Each test here fails when its webhook is not asked: the guards let all of these through.
let world: World;
let admission: AdmissionService;
beforeAll(async () => {
  world = await startWorld();
  admission = await startAdmission(world, 'MutatingAdmissionPolicy');
  const ns = await world.namespace(false);
  let count = 0;
  await eventually('the webhooks are asked', async () => {
    const wrong = about('Job', `none-${(count += 1)}`);
    return world
      .as('alice')
      .create(oursPath(ns, 'approvalrequests'), wrong)
      .then(
        () => undefined,
        (error: unknown) => (String(error).includes('there is no Job') ? true : undefined),
      );
  });
});
afterAll(async () => {
  await admission.stop();
  await world.stop();
});

const about = (kind: 'Job' | 'GovernedJob', name: string, uid?: string): Record<string, unknown> & { metadata: { name: string } } => ({
  ...request('r'),
  metadata: { name },
  spec: {
    operation: 'deploy',
    subject: {
      resource: { apiVersion: kind === 'Job' ? 'batch/v1' : 'countersign.dev/v1alpha1', kind, name, ...(uid === undefined ? {} : { uid }) },
    },
  },
});

/** What kubectl says where somebody creates this. */
async function warnedOf(who: string, groups: readonly string[], ns: string, object: object): Promise<string> {
  const file = join(world.cluster.dir, 'delegation.json');
  writeFileSync(file, JSON.stringify(object));
  const { code, stderr } = await kubectl(world.cluster.kubectl, await world.cluster.userKubeconfig(who, [...groups]), [
    ...['create', '--namespace', ns, '--filename', file],
  ]);
  if (code !== 0) throw new Error(stderr);
  return stderr;
}

describe('a decision', () => {
  const stage = (from: object[], more: object = {}): object => ({
    name: 'finance',
    asSubmitted: true,
    state: 'Active',
    required: 1,
    approvals: 0,
    require: [{ count: 1, from, approvedBy: [] }],
    separation: { requesterMayApprove: false, distinctAcrossStages: true },
    ...more,
  });
  const settled = [{ type: 'Settled', status: 'True', reason: 'Rejected', message: 'no', lastTransitionTime: '2026-01-01T00:00:00Z' }];
  const asked = async (ns: string, name = 'r', status: object = {}, spec: object = {}): Promise<Stored> => {
    await world.as('alice').create(oursPath(ns, 'approvalrequests'), { ...request(name, spec) });
    const full = { phase: 'Reviewing', observedGeneration: 1, subjectDigest: digest, stages: [stage([{ group: 'finance' }])], ...status };
    return world.as('operator').patch(oursPath(ns, 'approvalrequests', name, 'status'), { status: full });
  };
  const decide = (who: Who, ns: string, of: Stored, spec: object = {}): Promise<Stored> =>
    world.as(who).create(oursPath(ns, 'approvaldecisions'), decision(of, spec));

  test('of somebody who is asked is taken, whatever the verdict', async () => {
    const ns = await world.namespace(false);
    const of = await asked(ns);
    for (const verdict of ['Approve', 'Reject', 'Comment']) await decide('bob', ns, of, { verdict });
  });

  const named = (of: Stored, more: object): object => ({ requests: [{ name: of.metadata.name, uid: of.metadata.uid, digest, ...more }] });
  test.each<[string, Who, { status?: object; spec?: object; decide?: (of: Stored) => object; verdict?: string }, string]>([
    [
      'on a request that nobody knows',
      'bob',
      { decide: (of) => named(of, { name: 'other' }) },
      'there is no ApprovalRequest other in namespace',
    ],
    [
      'on another request of the same name',
      'bob',
      { decide: (of) => named(of, { uid: 'c1d5e0a4-0000-4000-8000-000000000000' }) },
      'another one of the same name',
    ],
    ['on what has changed since', 'bob', { decide: (of) => named(of, { digest: otherDigest }) }, 'has changed to'],
    [
      'on what has no digest yet',
      'bob',
      { status: { subjectDigest: null, phase: 'Submitted' } },
      'cannot be decided yet (phase Submitted)',
    ],
    ['on a draft', 'bob', { spec: { draft: true } }, 'is a draft'],
    ['on what is settled', 'bob', { status: { conditions: settled, phase: 'Rejected' } }, 'is settled already (Rejected)'],
    ['on what asks nobody', 'bob', { status: { stages: [] } }, 'has no stages'],
    ['of somebody who is not asked', 'mallory', {}, 'does not ask mallory; it asks group finance'],
    ['of somebody who is not asked and rejects', 'mallory', { verdict: 'Reject' }, 'does not ask mallory'],
    [
      'of the requester, who is in the group that is asked',
      'alice',
      { status: { stages: [stage([{ group: 'dev' }])] } },
      'do not let requesters approve',
    ],
    [
      'of somebody with a wildcard instead of the right to approve',
      'admin',
      {
        status: {
          stages: [stage([{ permission: 'approve' }], { policy: { kind: 'ClusterApprovalPolicy', name: 'gate', generation: 1 } })],
        },
      },
      'does not ask kubernetes-admin',
    ],
  ])('%s is refused', async (_name, who, given, message) => {
    const ns = await world.namespace(false);
    const of = await asked(ns, 'r', given.status, given.spec);
    await expect(decide(who, ns, of, { ...(given.verdict && { verdict: given.verdict }), ...given.decide?.(of) })).rejects.toThrow(message);
  });

  test('a comment may come from anybody, also afterwards', async () => {
    const ns = await world.namespace(false);
    await decide('mallory', ns, await asked(ns, 'r', { conditions: settled, phase: 'Rejected' }), { verdict: 'Comment' });
  });

  test('the requester may withdraw consent although she may not give it', async () => {
    const ns = await world.namespace(false);
    const of = await asked(ns, 'r', { stages: [stage([{ group: 'dev' }])] });
    await decide('alice', ns, of, { verdict: 'Reject' });
  });

  test('of somebody who has the right to approve this very policy is taken', async () => {
    await world.admin.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'gatekeeper' },
      rules: [{ apiGroups: ['countersign.dev'], resources: ['clusterapprovalpolicies'], resourceNames: ['gate'], verbs: ['approve'] }],
    });
    await world.admin.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'gatekeeper' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'gatekeeper' },
      subjects: [{ kind: 'User', name: 'bob', apiGroup: 'rbac.authorization.k8s.io' }],
    });
    const ns = await world.namespace(false);
    const permission = stage([{ permission: 'approve' }], { policy: { kind: 'ClusterApprovalPolicy', name: 'gate', generation: 1 } });
    const of = await asked(ns, 'r', { stages: [permission] });
    await expect(decide('mallory', ns, of)).rejects.toThrow('does not ask mallory');
    // The authorizer takes a moment to see the role.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await decide('bob', ns, of);
  });

  test('on several requests is refused for all when one of them is wrong, and says which', async () => {
    const ns = await world.namespace(false);
    const [one, two] = [await asked(ns, 'one'), await asked(ns, 'two', { conditions: settled, phase: 'Expired' })];
    const requests = [one, two].map(({ metadata: { name, uid } }) => ({ name, uid, digest }));
    await expect(decide('bob', ns, one, { requests })).rejects.toThrow(
      /spec\.requests\[1\]: ApprovalRequest two is settled already \(Expired\).*Nothing was decided/,
    );
    const list = (await world.admin.get(oursPath(ns, 'approvaldecisions'))) as unknown as { items: Stored[] };
    expect(list.items).toEqual([]);
  });
});

describe('a request about an object', () => {
  const create = (who: Who, ns: string, manifest: object): Promise<Stored> =>
    world.as(who).create(oursPath(ns, 'approvalrequests'), manifest);

  test.each(['Job', 'GovernedJob'] as const)('has the uid of the %s filled in', async (kind) => {
    const ns = await world.namespace(false);
    const made = await (kind === 'Job'
      ? world.as('alice').create(jobsPath(ns), job('work'))
      : world.as('alice').create(oursPath(ns, 'governedjobs'), governedJob('work')));
    expect((await create('alice', ns, about(kind, 'work'))).spec.subject.resource.uid).toBe(made.metadata.uid);
  });

  test('that is not there is refused', async () => {
    await expect(create('alice', await world.namespace(false), about('Job', 'none'))).rejects.toThrow('there is no Job none in namespace');
  });

  test('of another uid is refused', async () => {
    const ns = await world.namespace(false);
    await world.as('alice').create(jobsPath(ns), job('work'));
    await expect(create('alice', ns, about('Job', 'work', 'c1d5e0a4-0000-4000-8000-000000000000'))).rejects.toThrow(
      'another one of the same name',
    );
  });

  test('that its author may not see is refused, whether it is there or not', async () => {
    const ns = await world.namespace(false);
    await world.as('alice').create(jobsPath(ns), job('work'));
    for (const name of ['work', 'none'])
      await expect(create('norman', ns, about('Job', name))).rejects.toThrow(`norman may not get Job ${name}`);
  });

  test('that went away meanwhile is still cancelled', async () => {
    const ns = await world.namespace(false);
    await world.as('alice').create(jobsPath(ns), job('work'));
    await create('alice', ns, about('Job', 'work'));
    await world.as('alice').delete(jobsPath(ns, 'work'), { propagationPolicy: 'Background' });
    await world.as('alice').patch(oursPath(ns, 'approvalrequests', 'work'), { spec: { cancelled: true } });
  });
});

describe('a request with stages of its own', () => {
  const stage = (name: string, ...users: string[]): object => ({ name, require: [{ count: 1, from: users.map((user) => ({ user })) }] });
  const create = (ns: string, stages: object[]): Promise<Stored> =>
    world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r', { stages }));

  test('that nobody can satisfy is refused', async () => {
    await expect(create(await world.namespace(false), [stage('peer', 'bob'), stage('lead', 'bob')])).rejects.toThrow(
      'spec.stages[1].require[0]: nobody can satisfy it: it asks, together with spec.stages[0].require[0], for 2 different people',
    );
  });

  test('that different people can satisfy is taken', async () => {
    await create(await world.namespace(false), [stage('peer', 'bob', 'carol'), stage('lead', 'bob')]);
  });
});

describe('a delegation', () => {
  const limited = (when: string): object => delegation('bob', 'carol', { when });
  const create = (ns: string, object: object): Promise<Stored> => world.as('bob').create(oursPath(ns, 'approvaldelegations'), object);
  const unreadable = 'spec.when: line 2, column 1: amount is not known here';

  test('whose when cannot be read is refused, and told where', async () => {
    await expect(create(await world.namespace(false), limited('has(context.amount) &&\namount > 10'))).rejects.toThrow(unreadable);
  });

  test('whose when is neither true nor false, or calls what there is not, is refused and told where', async () => {
    const ns = await world.namespace(false);
    await expect(create(ns, limited('1 + 1'))).rejects.toThrow('spec.when: line 1, column 1: it gives an int, expected a bool');
    await expect(create(ns, limited('risk.score > 10.0'))).rejects.toThrow('spec.when: line 1, column 1: risk is not known here');
  });

  test('that is edited wrongly is refused as well, and one with a right when is taken', async () => {
    const ns = await world.namespace(false);
    await create(ns, limited('context.amount > 10'));
    const edit = world
      .as('bob')
      .patch(oursPath(ns, 'approvaldelegations', 'away'), { spec: { when: 'has(context.amount) &&\namount > 10' } });
    await expect(edit).rejects.toThrow(unreadable);
  });

  test('that closes a circle is taken with a warning that names it', async () => {
    const ns = await world.namespace(false);
    await create(ns, delegation('bob', 'carol'));
    const answer = await warnedOf('carol', ['canceller'], ns, delegation('carol', 'bob', {}, { name: 'back' }));
    expect(answer).toContain('Warning: delegations lead in a circle: bob → carol → bob');
  });
});

describe('a GovernedJob', () => {
  const wrong = { template: { spec: { restartPolicy: 'Sometimes', containers: [] } } };

  test.each<[string, object, string]>([
    [
      'a template that the API server would refuse',
      { jobTemplate: { spec: wrong } },
      'spec.jobTemplate: the API server would refuse this Job',
    ],
    ['the reason in its own words', { jobTemplate: { spec: wrong } }, 'spec.template.spec.restartPolicy'],
    ['no template at all in the spec', { jobTemplate: { spec: {} } }, 'spec.jobTemplate'],
  ])('with a wrong template is refused: %s', async (_name, spec, message) => {
    const ns = await world.namespace();
    await expect(world.as('alice').create(oursPath(ns, 'governedjobs'), governedJob('g', spec))).rejects.toThrow(message);
  });

  test('that is edited wrongly is refused as well, and stays what it was', async () => {
    const ns = await world.namespace();
    await world.as('alice').create(oursPath(ns, 'governedjobs'), governedJob('g'));
    const patch = world.as('alice').patch(oursPath(ns, 'governedjobs', 'g'), { spec: { jobTemplate: { spec: wrong } } });
    await expect(patch).rejects.toThrow('would refuse this Job');
  });

  test.each([true, false])(
    'with a right template is taken, where Jobs are governed: %s; and the trial leaves nothing behind',
    async (governed) => {
      const ns = await world.namespace(governed);
      await world.as('alice').create(oursPath(ns, 'governedjobs'), governedJob('g', { parameters: { amount: 1 } }));
      const list = (await world.admin.get(jobsPath(ns))) as unknown as { items: Stored[] };
      expect(list.items).toEqual([]);
    },
  );
});
