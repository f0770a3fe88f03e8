import { untilNoticed } from '../../fixtures/bindings.ts';
import { expect } from 'vitest';
import { approvalDecisions, approvers, clusterApprovalPolicies, type DecisionVerdict } from '../../../crds/v1alpha1/index.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import { condition, isSuspended, job, resources, type StoredRequest, type TestNamespace, until } from '../../fixtures/world.ts';
import { asApprovalService } from '../../fixtures/relay.ts';
import { decidesInVain, decisionOn, listed } from '../operator/support.ts';
import {
  agreesTo,
  aliceOf,
  asks,
  counts,
  create,
  decision,
  governs,
  holds,
  ignored,
  lookedAt,
  oneOf,
  policy,
  rbac,
  refusal,
  stagesOf,
  violates,
  type Check,
} from './support.ts';

const filledBy = (r: StoredRequest) => r.status?.stages.map((s) => s.require.map((line) => line.approvedBy));

const payments: Check = async (ns, file) => {
  await policy(ns, file);
  await rbac(ns, 'rbac/approver.yaml');
  const labels = { 'payments.example.com/moves-money': 'true' };
  const { asked } = await holds(ns, job('wire', { metadata: { labels } }));
  expect(stagesOf(asked)).toEqual(['finance Active', 'security Waiting']);
  await counts(ns, ['bob@corp', 'finance'], asked, '1/3');
  await counts(ns, ['cfo@corp'], asked, '2/3');
  await decidesInVain(ns, await ns.as('sue@corp'), 'Approve', asked, 'NotQualified');
  await agreesTo(ns, ['sam@corp', 'security'], asked, 'Completed');
  const other = await create(ns, await aliceOf(ns), { ...job('other') });
  expect(isSuspended(other)).toBe(false);
};

const approverRole: Check = async (ns, file) => {
  await policy(ns, 'policy-payments.yaml');
  await rbac(ns, file);
  const asked = await asks(ns, 'wire', 'refund');
  // No role of the test's own: what these people may do comes from the sample.
  const bob = await ns.as('bob@corp', ['finance'], 'nothing');
  await ns.decide(bob, 'Approve', [asked]);
  await ns.decide(await ns.as('cfo@corp', ['finance'], 'nothing'), 'Approve', [asked]);
  await ns.request('wire', 'approved by both', (r) => r.status?.approvals === '2/3');
  expect(await refusal(ns.decide(await ns.as('eve@corp', ['sales'], 'nothing'), 'Approve', [asked]))).toMatch(/cannot create/);
  await ns.decide(await ns.as('sam@corp', ['security'], 'nothing'), 'Approve', [asked]);
  await ns.requestIn('Approved', 'wire');
};

const mandatory: Check = async (ns, file) => {
  await policy(ns, file);
  const asked = await asks(ns, 'release', 'ledger-release');
  await counts(ns, ['liz@corp', 'ledger'], asked, '1/3');
  await counts(ns, ['head@corp', 'ledger'], asked, '2/3');
  // Liz is of operations, too: of no use there, as she agreed already.
  const twice = await ns.decide(await ns.as('liz@corp', ['ledger', 'operations']), 'Approve', [asked]);
  await listed(ns, 'release', twice);
  expect((await lookedAt(ns, 'release')).status?.approvals).toBe('2/3');
  const done = await agreesTo(ns, ['oli@corp', 'operations'], asked, 'Approved');
  const [team, operations] = filledBy(done) ?? [];
  expect([team, operations]).toEqual([[['head@corp'], ['liz@corp']], [['oli@corp']]]);

  // Two of the team do not make up for the head of it.
  const headless = await asks(ns, 'headless', 'ledger-release');
  await counts(ns, ['liz@corp', 'ledger'], headless, '1/3');
  await listed(ns, 'headless', await ns.decide(await ns.as('lou@corp', ['ledger']), 'Approve', [headless]));
  expect((await lookedAt(ns, 'headless')).status?.approvals).toBe('1/3');

  const refused = await asks(ns, 'refused', 'ledger-release');
  const no = await ns.decide(await ns.as('liz@corp', ['ledger']), 'Reject', [refused]);
  expect(await listed(ns, 'refused', no)).toMatchObject({ counted: true });
  expect((await lookedAt(ns, 'refused')).status?.phase).toBe('Reviewing');
  await ns.decide(await ns.as('lou@corp', ['ledger']), 'Reject', [refused]);
  await ns.requestIn('Rejected', 'refused');
};

const cluster: Check = async (ns, file) => {
  await ns.admin.patch(resources.namespaces, { name: ns.name }, { metadata: { labels: { environment: 'production' } } }, { type: 'merge' });
  const { metadata } = await create(ns, ns.admin, oneOf(ns, file));
  try {
    await until('the policy to be enforced', async () => {
      const found = await ns.admin.get(clusterApprovalPolicies, { name: metadata.name });
      return condition(found, 'Ready')?.status === 'True' ? true : undefined;
    });
    const { asked } = await governs(ns, 'nightly', { operation: 'db-migration' });
    await counts(ns, ['dina@corp', 'dba'], asked, '1/2');
    await agreesTo(ns, ['sean@corp', 'sre'], asked, 'Completed');
    const no = await governs(ns, 'refused', { operation: 'db-migration' });
    await ns.decide(await ns.as('sean@corp', ['sre']), 'Reject', [no.asked]);
    await ns.requestIn('Rejected', no.asked.metadata.name);
  } finally {
    await ns.admin.delete(clusterApprovalPolicies, { name: metadata.name });
  }
};

const delegation: Check = async (ns, file) => {
  await policy(ns, 'policy-reassign.yaml');
  await rbacOf(ns, 'countersign-approver', 'carla@corp');
  const carla = await ns.as('carla@corp', ['finance']);
  const lastWeek = new Date(Date.now() - 7 * 86_400_000).toISOString();
  const nextWeek = new Date(Date.now() + 7 * 86_400_000).toISOString();
  const sample = oneOf(ns, file, (spec) => Object.assign(spec, { notBefore: lastWeek, notAfter: nextWeek }));
  await expect(create(ns, await aliceOf(ns), sample)).rejects.toThrow();
  await create(ns, carla, sample);
  const much = await asks(ns, 'much', 'loan', { context: { amount: 100_001 } });
  await decidesInVain(ns, await ns.as('dan@corp'), 'Approve', much, 'NotQualified');
  const asked = await asks(ns, 'little', 'loan', { context: { amount: 100_000 } });
  const done = await agreesTo(ns, ['dan@corp'], asked, 'Approved');
  expect(done.status?.decisions[0]).toMatchObject({ approver: 'dan@corp', onBehalfOf: 'carla@corp' });
};

const byChannel: Check = async (ns, file) => {
  await policy(ns, file);
  const [fay, sam] = [`fay-${ns.name}@corp`, `sam-${ns.name}@corp`];
  for (const username of [fay, sam]) await rbacOf(ns, 'countersign-approver', username);
  const people = [fay, sam].map((username) => ({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'Approver',
    metadata: { name: username.replace('@', '.') },
    spec: { username, groups: username === fay ? ['finance'] : ['security'], mail: `${username}.example` },
  }));
  for (const person of people) await ns.admin.create(approvers, undefined, person);
  try {
    const asked = await asks(ns, 'pay', 'payout');
    await asApprovalService(ns.cluster, async (relay) => {
      const byMail = (approver: string, group: string, verdict: DecisionVerdict = 'Approve') =>
        relay.create(approvalDecisions, ns.name, {
          ...write(verdict, asked, { approver, groups: [group, 'system:authenticated'], via: 'Email' }),
          metadata: { generateName: 'by-mail-' },
        });
      await until('admission to have heard of her', () => taken(byMail(fay, 'finance')));
      const agreed = await ns.request('pay', 'approved by finance', (r) => r.status?.approvals === '1/2');
      expect(filledBy(agreed)).toEqual([[[fay]], [[]]]);
      expect(await refusal(byMail(sam, 'security'))).toContain('takes at least Kubernetes');
    });
    await agreesTo(ns, [sam, 'security'], asked, 'Approved');
  } finally {
    for (const { metadata } of people) await ns.admin.delete(approvers, { name: metadata.name });
  }
};

async function rbacOf(ns: TestNamespace, clusterRole: string, user: string): Promise<void> {
  const bound = await ns.admin.create(resources.roleBindings, ns.name, {
    metadata: { name: `${clusterRole}-${user}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRole },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  });
  await untilNoticed(ns.admin, ns.name, bound);
}

const reassignTo = (to: string) => ({ reassign: { stage: 'treasurer', from: 'carla@corp', to } });
const write = (verdict: DecisionVerdict, asked: StoredRequest, more: object) =>
  decisionOn(verdict, [{ name: asked.metadata.name, uid: asked.metadata.uid, digest: asked.status?.subjectDigest }], more);
const peopleOperations = (ns: TestNamespace): Promise<KubeClient> => ns.as('mia@corp', ['people-operations'], 'nothing');

const reassign: Check = async (ns) => {
  await policy(ns, 'policy-reassign.yaml');
  await rbac(ns, 'rbac/reassign.yaml');
  const asked = await asks(ns, 'loan-12', 'loan');
  const mia = await peopleOperations(ns);
  await ignored(ns, mia, { ...write('Reassign', asked, reassignTo('mallory@corp')) }, asked, 'NotAllowed');
  await ignored(ns, await ns.as('bob@corp'), decision(ns, 'decision-reassign.yaml', asked), asked, 'NotAllowed');
  expect((await lookedAt(ns, 'loan-12')).status?.stages[0]?.standIns).toBeUndefined();
  await create(ns, mia, decision(ns, 'decision-reassign.yaml', asked));
  const moved = await ns.request('loan-12', 'reassigned', (r) => r.status?.stages[0]?.standIns !== undefined);
  expect(moved.status?.stages[0]?.standIns).toEqual([{ for: 'carla@corp', user: 'dora@corp', by: 'mia@corp' }]);
  await agreesTo(ns, ['dora@corp'], asked, 'Approved');
};

/** The directory is one for the whole cluster, so the people in it get names of their own. */
const approver: Check = async (ns, file) => {
  const here = (text: string): string => text.replace('@corp', `@${ns.name}`);
  await policy(ns, 'policy-reassign.yaml', (spec) => (spec.stages[0].require[0].from[0].user = here('carla@corp')));
  await rbac(ns, 'rbac/reassign.yaml');
  const sample = oneOf(ns, file, (spec, { metadata }) => {
    metadata.name = here('carla').concat(ns.name);
    spec.username = here(spec.username as string);
    spec.manager = here(spec.manager as string);
  });
  const { metadata } = await create(ns, ns.admin, sample);
  try {
    const asked = await asks(ns, 'loan-13', 'loan');
    const to = { reassign: { stage: 'treasurer', from: here('carla@corp'), to: here('eve@corp') } };
    const mia = await peopleOperations(ns);
    await until('the manager to be known', () => taken(create(ns, mia, { ...write('Reassign', asked, to) })));
    await ns.request('loan-13', 'reassigned', (r) => r.status?.stages[0]?.standIns !== undefined);
    await agreesTo(ns, [here('eve@corp')], asked, 'Approved');
  } finally {
    await ns.admin.delete(approvers, { name: metadata.name });
  }
};

/** Whether a write was taken; what is not known yet is refused in words. */
const taken = (writing: Promise<unknown>): Promise<true | undefined> =>
  writing.then(
    () => true as const,
    (error: unknown) => {
      if (String(error).includes('denied the request')) return undefined;
      throw error;
    },
  );

const trusted: Check = async (ns) => {
  await policy(ns, 'policy-trusted-submitters.yaml');
  const pipeline = await ns.serviceAccount('pipeline');
  const sample = (name = 'deploy-shop-118') => oneOf(ns, 'governed-job-on-behalf-of.yaml', (_, { metadata }) => (metadata.name = name));
  const silent = sample('silent');
  delete silent.metadata.annotations;
  await violates(ns, 'silent', create(ns, pipeline, silent), 'say who started the pipeline');
  const asked = await ns.requestOf(await create(ns, pipeline, sample()));
  await decidesInVain(ns, await ns.as('alice@corp', ['developers']), 'Approve', asked, 'Requester');
  await agreesTo(ns, ['dave@corp', 'developers'], asked, 'Completed');
  await violates(ns, 'forged', create(ns, await ns.as('mallory@corp', ['developers']), sample('forged')), 'may not ask for others');
};

/** Who must agree, and who may stand in for whom. */
export const people: Readonly<Record<string, Check>> = {
  'policy-payments.yaml': payments,
  'policy-mandatory-people.yaml': mandatory,
  'policy-channels.yaml': byChannel,
  'policy-reassign.yaml': reassign,
  'policy-trusted-submitters.yaml': trusted,
  'governed-job-on-behalf-of.yaml': trusted,
  'cluster-policy.yaml': cluster,
  'delegation.yaml': delegation,
  'approver.yaml': approver,
  'decision-reassign.yaml': reassign,
  'rbac/reassign.yaml': reassign,
  'rbac/approver.yaml': approverRole,
};
