import { describe, expect } from 'vitest';
import { test } from '../../fixtures/inNamespace.ts';
import {
  condition,
  governedJob,
  isSuspended,
  isTrue,
  job,
  matchGovernedJobs,
  matchJobs,
  resources,
  until,
  type StoredRequest,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { bobOf, financeAgrees, heldJob, patch } from './support.ts';

const secrets = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true } as const;

const pinning = { ...financeAgrees, pin: true };
/** As often as an open request is looked at, and some patience. */
const noticedWithin = 100_000;

/** A Job whose one container reads these. */
const reading = (name: string, ...envFrom: object[]): object => ({
  ...job(name),
  spec: {
    backoffLimit: 0,
    template: {
      spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.example/tool:1', command: ['run'], envFrom }] },
    },
  },
});

const limits = { configMapRef: { name: 'limits' } };
const key = { secretRef: { name: 'key' } };

const makeLimits = (ns: TestNamespace, most = '100') =>
  ns.admin.create(resources.configMaps, ns.name, { metadata: { name: 'limits' }, data: { most } });
const changeLimits = (ns: TestNamespace, most: string) => patch(ns, ns.admin, resources.configMaps, 'limits', { data: { most } });
const makeKey = (ns: TestNamespace) => ns.admin.create(secrets, ns.name, { metadata: { name: 'key' }, stringData: { key: 'abc' } });

/** The Role and RoleBinding of config/samples/rbac/pin-secrets.yaml. */
async function letOperatorReadSecrets(ns: TestNamespace): Promise<void> {
  await ns.admin.create(resources.roles, ns.name, {
    metadata: { name: 'pins' },
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
  });
  await ns.bind('pins', 'pins', [{ kind: 'ServiceAccount', name: 'countersign', namespace: 'countersign-system' }]);
}

const pinsOf = (r: StoredRequest) => (r.status?.pins ?? []).map(({ kind, name, state }) => `${state} ${kind} ${name}`);
const anotherDigest = (than: StoredRequest) => (r: StoredRequest) =>
  r.status?.subjectDigest !== undefined && r.status.subjectDigest !== than.status?.subjectDigest;

async function staysHeld(ns: TestNamespace, name: string): Promise<void> {
  expect(isSuspended(await ns.get(resources.jobs, name))).toBe(true);
}

/** Waits until the API server's clock shows a second from one to another of a minute. */
async function untilSecond(ns: TestNamespace, from: number, to: number): Promise<void> {
  await until(`a second from ${from} to ${to}`, async () => {
    const probe = await ns.admin.create(resources.configMaps, ns.name, { metadata: { generateName: 'clock-' } }, { dryRun: true });
    const second = new Date(probe.metadata.creationTimestamp).getUTCSeconds();
    return second >= from && second <= to ? true : undefined;
  });
}

describe.concurrent('a policy that pins', () => {
  test('has people asked anew when a ConfigMap is changed after they agreed', async ({ ns }) => {
    await makeLimits(ns);
    await ns.policy('pay', {
      match: matchJobs,
      pin: true,
      stages: [{ name: 'finance', require: [{ count: 2, from: [{ group: 'finance' }] }] }],
    });
    const { asked } = await heldJob(ns, reading('wire', limits));
    expect(pinsOf(asked)).toEqual(['Pinned ConfigMap limits']);
    const [bob, carol] = [await bobOf(ns), await ns.as('carol', ['finance'])];
    await ns.decide(bob, 'Approve', [asked]);
    await ns.request(asked.metadata.name, 'half approved', (r) => r.status?.approvals === '1/2');
    await changeLimits(ns, '100000');
    // She saw what was there before; her approval has the operator look, and counts for as little as his.
    await ns.decide(carol, 'Approve', [asked]);
    const changed = await ns.request(
      asked.metadata.name,
      'of another digest',
      (r) => anotherDigest(asked)(r) && r.status?.decisions.length === 2,
    );
    expect(changed.status?.approvals).toBe('0/2');
    expect(changed.status?.decisions.map((d) => d.ignoredBecause)).toEqual(['DigestChanged', 'DigestChanged']);
    await staysHeld(ns, 'wire');
    await ns.decide(bob, 'Approve', [changed]);
    await ns.decide(carol, 'Approve', [changed]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('notices a change although nobody says anything, and what was missing as well', async ({ ns }) => {
    await makeLimits(ns);
    await ns.policy('pay', pinning);
    const [{ asked }, { asked: optional }] = [
      await heldJob(ns, reading('wire', limits)),
      await heldJob(ns, reading('maybe', { configMapRef: { name: 'later', optional: true } })),
    ];
    expect(pinsOf(optional)).toEqual(['Absent ConfigMap later']);
    const alice = await ns.as('alice');
    const needy = await alice.create(resources.jobs, ns.name, reading('needy', { configMapRef: { name: 'later' } }));
    const waits = (r: StoredRequest) => condition(r, 'Valid')?.message.includes('ConfigMap later in namespace') === true;
    const stuck = await until('a request that waits for it', async () => (await ns.requestsOf(needy)).find(waits));
    expect(stuck.status?.subjectDigest).toBeUndefined();
    await changeLimits(ns, '100000');
    await ns.admin.create(resources.configMaps, ns.name, { metadata: { name: 'later' } });
    const is = (what: string, name: string, fits: (r: StoredRequest) => boolean) =>
      ns.eventually<StoredRequest>(resources.approvalRequests, name, what, fits, noticedWithin);
    await Promise.all([
      is('of another digest', asked.metadata.name, anotherDigest(asked)),
      is('of another digest', optional.metadata.name, anotherDigest(optional)),
      is('in review', stuck.metadata.name, (r) => r.status?.phase === 'Reviewing' && r.status.subjectDigest !== undefined),
    ]);
  }, 200_000);

  test('covers a Secret where the namespace lets the operator read it, and says so where it does not', async ({ ns }) => {
    await makeKey(ns);
    await ns.policy('pay', pinning);
    const bob = await bobOf(ns);
    const { asked: open } = await heldJob(ns, reading('open', key));
    expect(pinsOf(open)).toEqual(['NotCovered Secret key']);
    await ns.decide(bob, 'Approve', [open]);
    await ns.requestIn('Completed', open.metadata.name);
    await letOperatorReadSecrets(ns);
    const { asked } = await heldJob(ns, reading('closed', key));
    expect(pinsOf(asked)).toEqual(['Pinned Secret key']);
    await patch(ns, ns.admin, secrets, 'key', { stringData: { key: 'def' } });
    await ns.decide(bob, 'Approve', [asked]);
    const changed = await ns.request(asked.metadata.name, 'of another digest', anotherDigest(asked));
    await staysHeld(ns, 'closed');
    await ns.decide(bob, 'Approve', [changed]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('bites what is held already, when it begins to pin', async ({ ns }) => {
    await makeLimits(ns);
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, reading('wire', limits));
    expect(asked.status?.pins).toBeUndefined();
    await ns.changePolicy('pay', { pin: true });
    const pinned = await ns.request(asked.metadata.name, 'pinned', (r) => pinsOf(r)[0] === 'Pinned ConfigMap limits');
    expect(anotherDigest(asked)(pinned)).toBe(true);
  });

  test('releases nothing that was changed after it was approved', async ({ ns }) => {
    await makeLimits(ns);
    await ns.admin.create(resources.configMaps, ns.name, { metadata: { name: 'others' } });
    await ns.policy('pay', { ...pinning, releaseWindows: [{ name: 'minutes', schedule: '* * * * *', duration: '4s' }] });
    const held = [await heldJob(ns, reading('wire', limits)), await heldJob(ns, reading('other', { configMapRef: { name: 'others' } }))];
    const [wire, other] = held.map((h) => h.asked) as [StoredRequest, StoredRequest];
    await untilSecond(ns, 10, 40);
    await ns.decide(await bobOf(ns), 'Approve', [wire, other]);
    await Promise.all([wire, other].map(({ metadata }) => ns.requestIn('Approved', metadata.name)));
    await changeLimits(ns, '100000');
    // Once the next window has let go the one, the other was looked at as well.
    await ns.eventually(resources.approvalRequests, other.metadata.name, 'completed', (r) => isTrue(r, 'Completed'), noticedWithin);
    await staysHeld(ns, 'wire');
    const kept = await ns.get<StoredRequest>(resources.approvalRequests, wire.metadata.name);
    expect(condition(kept, 'Released')).toMatchObject({ status: 'False' });
  }, 200_000);

  test("covers what a GovernedJob's rollback and post-actions read, and asks anew when that is changed", async ({ ns }) => {
    for (const name of ['before', 'limits', 'report', 'undo']) await ns.admin.create(resources.configMaps, ns.name, { metadata: { name } });
    await ns.policy('pay', { ...pinning, match: matchGovernedJobs });
    const template = (name: string) => ({ spec: (reading(name, { configMapRef: { name } }) as { spec: object }).spec });
    const alice = await ns.as('alice');
    const made = await alice.create(
      resources.governedJobs,
      ns.name,
      governedJob('wire', {
        jobTemplate: template('limits'),
        preActions: [{ name: 'backup', jobTemplate: template('before') }],
        postActions: [{ name: 'report', jobTemplate: template('report') }],
        rollback: { jobTemplate: template('undo') },
      }),
    );
    const asked = await ns.requestOf(made);
    expect(pinsOf(asked)).toEqual(['Pinned ConfigMap limits', 'Pinned ConfigMap report', 'Pinned ConfigMap undo']);
    await patch(ns, ns.admin, resources.configMaps, 'undo', { data: { steps: 'other' } });
    // Which has the operator look at it, before the minute is over.
    await patch(ns, ns.admin, resources.governedJobs, 'wire', { metadata: { labels: { look: 'again' } } });
    const { name } = asked.metadata;
    const of = resources.approvalRequests;
    const changed = await ns.eventually<StoredRequest>(of, name, 'of another digest', anotherDigest(asked), noticedWithin);
    await ns.decide(await bobOf(ns), 'Approve', [changed]);
    await ns.requestIn('Completed', name);
  }, 150_000);

  test.for(['preActions', 'postActions', 'rollback'])(
    'refuses %s of images that are named by a tag alone, where it says so',
    async (where, { ns }) => {
      const fine = { image: `registry.example/tool@sha256:${'0'.repeat(64)}` };
      const jobTemplate = { spec: (job('x', { image: 'registry.example/other:1' }) as { spec: object }).spec };
      // By a rule that comes later: by one that is there, admission refuses it at once.
      await ns.policy('pay', { ...pinning, match: matchGovernedJobs });
      const does = where === 'rollback' ? { jobTemplate } : [{ name: 'tell', jobTemplate }];
      const alice = await ns.as('alice');
      const made = await alice.create(resources.governedJobs, ns.name, governedJob('wire', { [where]: does }, fine));
      const asked = await ns.requestOf(made);
      await ns.changePolicy('pay', { unpinnedImages: 'Refuse' });
      const refused = await ns.requestIn('Rejected', asked.metadata.name);
      expect(condition(refused, 'Approved')).toMatchObject({ status: 'False', reason: 'PolicyViolation' });
      expect(condition(refused, 'Approved')?.message).toContain('registry.example/other:1');
    },
  );

  test('refuses images that are named by a tag alone, where it says so', async ({ ns }) => {
    await ns.policy('pay', { ...pinning, unpinnedImages: 'Refuse' });
    const { asked } = await heldJob(ns, job('by-tag'));
    const refused = await ns.requestIn('Rejected', asked.metadata.name);
    expect(condition(refused, 'Approved')).toMatchObject({ status: 'False', reason: 'PolicyViolation' });
    expect(condition(refused, 'Approved')?.message).toContain('registry.example/tool:1');
    const { asked: fine } = await heldJob(ns, job('by-digest', { image: `registry.example/tool@sha256:${'0'.repeat(64)}` }));
    await ns.decide(await bobOf(ns), 'Approve', [fine]);
    await ns.requestIn('Completed', fine.metadata.name);
  });
});
