import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { annotations } from '../../../crds/v1alpha1/index.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';
import { ownPlatform } from '../../fixtures/ownPlatform.ts';
import {
  condition,
  governedJob,
  isSuspended,
  isTrue,
  job,
  matchGovernedJobs,
  matchRequests,
  oneOf,
  request,
  resources,
  TestNamespace,
  type StoredRequest,
} from '../../fixtures/world.ts';
import { crew, override, says } from './overrides.ts';
import { bobOf, decisionOn, financeAgrees, heldJob, listed, nextSecond, patch } from './support.ts';

// Admission is a courtesy that tells people at once; it may be away. What counts is for the operator to say, of whatever was stored.
const { inNamespace, platform } = ownPlatform({ env: { COUNTERSIGN_ROLES: 'controller' } });

const named = ({ metadata, status }: StoredRequest, other: object = {}): object => ({
  name: metadata.name,
  uid: metadata.uid,
  digest: status?.subjectDigest,
  ...other,
});
const otherDigest = `v1:sha256:${'0'.repeat(64)}`;

/** Bob decides rightly, after all that was written before, and what was written before is listed or not for good. */
async function thenBobApproves(ns: TestNamespace, asked: StoredRequest): Promise<StoredRequest> {
  await ns.decide(await bobOf(ns), 'Approve', [asked]);
  return ns.requestIn('Completed', asked.metadata.name);
}

describe.concurrent('with admission away, a decision', () => {
  it(
    'that overrides is of no use by somebody whose last override nobody has reviewed: ReviewOwed',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const { eve, mia, oda } = await crew(ns);
      const first = await heldJob(ns, job('first'));
      await override(ns, eve, first.asked);
      await nextSecond(ns, await override(ns, mia, first.asked));
      const done = await ns.requestIn('Completed', first.asked.metadata.name);
      const { asked } = await heldJob(ns, job('second'));
      await override(ns, oda, asked);
      const again = await override(ns, eve, asked);
      expect(await listed(ns, asked.metadata.name, again)).toMatchObject({ counted: false, ignoredBecause: 'ReviewOwed' });
      const own = await says(ns, eve, 'Review', done);
      expect(await listed(ns, done.metadata.name, own)).toMatchObject({ counted: false, ignoredBecause: 'OwnOverride' });
      expect(isSuspended(await ns.get(resources.jobs, 'second'))).toBe(true);
      await says(ns, await bobOf(ns), 'Review', done);
      await ns.request(done.metadata.name, 'reviewed', (r) => r.status?.override?.reviewedBy === 'bob');
      await override(ns, mia, asked);
      await ns.requestIn('Completed', asked.metadata.name);
    }),
  );

  it(
    'that names another digest counts for nothing: DigestChanged',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const { asked } = await heldJob(ns, job('wire'));
      const wrong = await (
        await bobOf(ns)
      ).create(resources.approvalDecisions, ns.name, decisionOn('Approve', [named(asked, { digest: otherDigest })]));
      expect(await listed(ns, asked.metadata.name, wrong)).toMatchObject({ counted: false, ignoredBecause: 'DigestChanged' });
      expect((await ns.requestIn('Reviewing', asked.metadata.name)).status?.approvals).toBe('0/1');
      await thenBobApproves(ns, asked);
    }),
  );

  it(
    'that names another uid is about something else',
    inNamespace(async (ns) => {
      await ns.policy('pay', { ...financeAgrees, stages: [{ name: 'finance', require: [{ count: 2, from: [{ group: 'finance' }] }] }] });
      const { asked } = await heldJob(ns, job('wire'));
      const carol = await ns.as('carol', ['finance']);
      await carol.create(resources.approvalDecisions, ns.name, decisionOn('Approve', [named(asked, { uid: randomUUID() })]));
      const right = await ns.decide(await bobOf(ns), 'Approve', [asked]);
      const seen = await ns.request(asked.metadata.name, 'half approved', (r) => r.status?.approvals === '1/2');
      expect(seen.status?.decisions.map((d) => d.name)).toEqual([right.metadata.name]);
      expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
    }),
  );

  it(
    'that was made in another namespace is about nothing here',
    inNamespace(async (ns) => {
      await ns.policy('pay', { ...financeAgrees, stages: [{ name: 'finance', require: [{ count: 2, from: [{ group: 'finance' }] }] }] });
      const { asked } = await heldJob(ns, job('wire'));
      const elsewhere = await TestNamespace.on(platform().cluster, 'elsewhere');
      const carol = await elsewhere.as('carol', ['finance']);
      await carol.create(resources.approvalDecisions, elsewhere.name, decisionOn('Approve', [named(asked)]));
      await elsewhere.close();
      const right = await ns.decide(await bobOf(ns), 'Approve', [asked]);
      const seen = await ns.request(asked.metadata.name, 'half approved', (r) => r.status?.approvals === '1/2');
      expect(seen.status?.decisions.map((d) => d.name)).toEqual([right.metadata.name]);
      expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
    }),
  );

  it(
    'of somebody who is not asked, or of the requester, is listed with why it does not count',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const alice = await ns.as('alice', ['finance']);
      const asked = await ns.requestOf(await alice.create(resources.jobs, ns.name, job('wire')));
      const byDave = await ns.decide(await ns.as('dave'), 'Reject', [asked]);
      const byAlice = await ns.decide(alice, 'Approve', [asked]);
      expect(await listed(ns, asked.metadata.name, byDave)).toMatchObject({ counted: false, ignoredBecause: 'NotQualified' });
      expect(await listed(ns, asked.metadata.name, byAlice)).toMatchObject({ counted: false, ignoredBecause: 'Requester' });
      expect((await thenBobApproves(ns, asked)).status?.decisions.filter((d) => d.counted).map((d) => d.approver)).toEqual(['bob']);
    }),
  );

  it(
    'with {permission: approve} of a wildcard role, or of cluster-admin, does not count',
    inNamespace(async (ns) => {
      await ns.policy('pay', { ...financeAgrees, stages: [oneOf('allowed', { permission: 'approve' })] });
      const { asked } = await heldJob(ns, job('wire'));
      for (const who of [await ns.as('olga', [], 'owners'), ns.admin])
        expect(await listed(ns, asked.metadata.name, await ns.decide(who, 'Approve', [asked]))).toMatchObject({
          ignoredBecause: 'NotQualified',
        });
      expect((await ns.requestIn('Reviewing', asked.metadata.name)).status?.approvals).toBe('0/1');
    }),
  );

  it(
    'that comes when all is settled is listed, and changes nothing',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const { asked } = await heldJob(ns, job('wire'));
      const done = await thenBobApproves(ns, asked);
      const late = await ns.decide(await ns.as('carol', ['finance']), 'Reject', [asked]);
      expect(await listed(ns, asked.metadata.name, late)).toMatchObject({ counted: false, ignoredBecause: 'Settled' });
      const after = await ns.requestIn('Completed', asked.metadata.name);
      expect(condition(after, 'Approved')).toEqual(condition(done, 'Approved'));
    }),
  );

  it(
    'on several requests counts in each that it fits, whatever becomes of the others',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const [one, two] = await Promise.all(['one', 'two'].map((name) => heldJob(ns, job(name))));
      if (one === undefined || two === undefined) throw new Error('two Jobs are expected');
      const unknown = { name: 'nobody', uid: randomUUID(), digest: otherDigest };
      const requests = [named(one.asked), named(two.asked, { digest: otherDigest }), unknown];
      const decision = await (await bobOf(ns)).create(resources.approvalDecisions, ns.name, decisionOn('Approve', requests));
      await ns.requestIn('Completed', one.asked.metadata.name);
      expect(await listed(ns, two.asked.metadata.name, decision)).toMatchObject({ counted: false, ignoredBecause: 'DigestChanged' });
      expect(isSuspended(await ns.get(resources.jobs, 'two'))).toBe(true);
    }),
  );
});

describe.concurrent('with admission away, a GovernedJob', () => {
  it(
    'whose template is wrong says so in the words of the API server, and goes on once it is mended',
    inNamespace(async (ns) => {
      await ns.policy('asks', { ...financeAgrees, match: matchGovernedJobs });
      const alice = await ns.as('alice');
      const wrong = governedJob('nightly', { jobTemplate: { spec: { template: { spec: { containers: [] } } } } });
      await alice.create(resources.governedJobs, ns.name, wrong);
      const stalled = await ns.eventually(resources.governedJobs, 'nightly', 'stalled', (g) => isTrue(g, 'Stalled'));
      expect(condition(stalled, 'Stalled')).toMatchObject({ reason: 'InvalidSpec' });
      expect(condition(stalled, 'Stalled')?.message).toMatch(
        /^The API server refused it: .*spec\.template\.spec\.containers: Required value/,
      );
      const { spec } = governedJob('nightly') as { spec: { jobTemplate: object } };
      await patch(ns, alice, resources.governedJobs, 'nightly', { spec: { jobTemplate: spec.jobTemplate } });
      await ns.phase(resources.governedJobs, 'nightly', 'AwaitingApproval');
      await ns.decide(await bobOf(ns), 'Approve', [await ns.requestOf(stalled)]);
      await ns.phase(resources.governedJobs, 'nightly', 'Succeeded');
    }),
  );
});

describe.concurrent('with admission away, what breaks a policy', () => {
  const limit = { validations: [{ expression: 'context.amount <= 1000', message: 'nobody pays more than 1000 at once' }] };
  const context = { amount: 1001 };

  it.each<[string, ResourceType, object]>([
    ['a request', resources.approvalRequests, request('pay', { context })],
    ['a GovernedJob', resources.governedJobs, governedJob('pay', { parameters: context })],
  ])('is stored, and refused by the operator in the words of the policy: %s', (_what, of, manifest) =>
    inNamespace(async (ns) => {
      await ns.policy('pay', { ...financeAgrees, ...limit, match: [...matchGovernedJobs, ...matchRequests] });
      await (await ns.as('alice')).create(of, ns.name, manifest);
      await ns.phase(of, 'pay', 'Rejected');
      const { items } = await ns.admin.list<StoredRequest>(resources.approvalRequests, { namespace: ns.name });
      const message = 'ApprovalPolicy pay: nobody pays more than 1000 at once';
      expect(items.map((r) => condition(r, 'Approved'))).toMatchObject([{ status: 'False', reason: 'PolicyViolation', message }]);
    })(),
  );

  it(
    'is asked for in the name of somebody by whom it does not trust: refused all the same, and they do not approve it',
    inNamespace(async (ns) => {
      await ns.policy('pay', { ...financeAgrees, match: matchRequests });
      const manifest = request('pay') as { metadata: object };
      const metadata = { ...manifest.metadata, annotations: { [annotations.onBehalfOf]: 'bob' } };
      await (await ns.as('alice')).create(resources.approvalRequests, ns.name, { ...manifest, metadata });
      const seen = await ns.requestIn('Rejected', 'pay');
      expect(condition(seen, 'Approved')).toMatchObject({
        reason: 'PolicyViolation',
        message: expect.stringContaining('names bob, but alice'),
      });
      expect(seen.status?.requester?.username).toBe('alice');
    }),
  );
});

describe.concurrent('with admission away, a policy', () => {
  it.each<[string, object, RegExp]>([
    [
      'that asks for people whom there are not',
      { stages: [{ name: 'a', require: [1, 1].map((count) => ({ count, from: [{ user: 'bob' }] })) }] },
      /spec\.stages\[0\]\.require\[1\]: nobody can satisfy it/,
    ],
    [
      'with a freeze that cannot be read',
      { ...financeAgrees, freeze: [{ name: 'odd', schedule: '0 0 31 2 *', duration: '1h' }] },
      /spec\.freeze\[0\]\.schedule: .*never happens/,
    ],
    [
      'with an expression that does not compile',
      { ...financeAgrees, autoApprove: [{ name: 'a', when: 'nothing.of.the.kind' }] },
      /spec\.autoApprove\[0\]\.when: line 1, column 1: /,
    ],
  ])('%s says so, and what it governs holds whoever agrees', (_name, spec, message) =>
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      await ns.admin.create(resources.approvalPolicies, ns.name, {
        apiVersion: 'countersign.dev/v1alpha1',
        kind: 'ApprovalPolicy',
        metadata: { name: 'faulty' },
        spec: { match: financeAgrees.match, ...spec },
      });
      // Before its guards bite, all of them, work may be refused: whoever asked would try again.
      const isSaid = (found: KubeObject): boolean =>
        condition(found, 'Ready')?.reason === 'InvalidSpec' && condition(found, 'Reconciling')?.status === 'False';
      const said = await ns.eventually(resources.approvalPolicies, 'faulty', 'said to be faulty', isSaid);
      expect(condition(said, 'Ready')).toMatchObject({ status: 'False', message: expect.stringMatching(message) });
      const { asked } = await heldJob(ns, job('wire'));
      await listed(ns, asked.metadata.name, await ns.decide(await bobOf(ns), 'Approve', [asked]));
      expect(isTrue(await ns.get<StoredRequest>(resources.approvalRequests, asked.metadata.name), 'Released')).toBe(false);
      expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
    })(),
  );
});
