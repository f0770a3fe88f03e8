import { describe, expect } from 'vitest';
import { test } from '../../fixtures/inNamespace.ts';
import { job, matchJobs, oneOf, resources, type StoredRequest } from '../../fixtures/world.ts';
import { decidesInVain, heldJob, listed, nextSecond } from './support.ts';

const stage = (name: string, count: number, ...from: object[]): object => ({ name, require: [{ count, from }] });
const asks = (...stages: object[]) => ({ match: matchJobs, stages });
const approvePolicy = (name: string) => ({
  apiGroups: ['countersign.dev'],
  resources: ['approvalpolicies'],
  resourceNames: [name],
  verbs: ['approve'],
});
const states = (r: StoredRequest): string[] => (r.status?.stages ?? []).map((s) => `${s.name} ${s.state}`);

describe.concurrent('who may approve', () => {
  test('is a user by name, and nobody whose name only looks alike', async ({ ns }) => {
    await ns.policy('pay', asks(oneOf('cfo', { user: 'cfo@corp' })));
    const { asked } = await heldJob(ns, job('wire'));
    for (const name of ['CFO@corp', 'cfo@corp.example', 'cfo'])
      await decidesInVain(ns, await ns.as(name), 'Approve', asked, 'NotQualified');
    await ns.decide(await ns.as('cfo@corp'), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('is whoever is in a group when they decide', async ({ ns }) => {
    await ns.policy('pay', asks(oneOf('money', { group: 'finance' })));
    const { asked } = await heldJob(ns, job('wire'));
    await decidesInVain(ns, await ns.as('bob'), 'Approve', asked, 'NotQualified');
    await ns.decide(await ns.as('bob', ['finance']), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('is a service account by namespace and name, and no user of that group or another account', async ({ ns }) => {
    await ns.policy('pay', asks(oneOf('bot', { serviceAccount: { namespace: ns.name, name: 'checker' } })));
    const { asked } = await heldJob(ns, job('wire'));
    await decidesInVain(ns, await ns.serviceAccount('other'), 'Approve', asked, 'NotQualified');
    const checker = await ns.serviceAccount('checker');
    const decision = await ns.decide(checker, 'Approve', [asked]);
    const seen = await listed(ns, asked.metadata.name, decision);
    expect(seen).toMatchObject({ counted: true, approver: `system:serviceaccount:${ns.name}:checker` });
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('with {permission: approve} is whom a Role grants the verb approve on this policy by name', async ({ ns }) => {
    await ns.policy('pay', asks(oneOf('allowed', { permission: 'approve' })));
    await ns.grant('approver', [approvePolicy('pay')], ['bob']);
    await ns.grant('approver-of-another', [approvePolicy('other')], ['dave']);
    const { asked } = await heldJob(ns, job('wire'));
    await decidesInVain(ns, await ns.as('dave'), 'Approve', asked, 'NotQualified');
    await ns.decide(await ns.as('bob'), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('with {permission: approve} is nobody who has it by a wildcard: neither an owner of everything nor cluster-admin', async ({
    ns,
  }) => {
    await ns.policy('pay', asks(oneOf('allowed', { permission: 'approve' })));
    const { asked } = await heldJob(ns, job('wire'));
    await decidesInVain(ns, await ns.as('olga', [], 'owners'), 'Approve', asked, 'NotQualified');
    await decidesInVain(ns, ns.admin, 'Approve', asked, 'NotQualified');
    const wildcard = { apiGroups: ['countersign.dev'], resources: ['approvalpolicies'], verbs: ['*'] };
    await ns.grant('all-verbs', [wildcard], ['walter']);
    await decidesInVain(ns, await ns.as('walter'), 'Approve', asked, 'NotQualified');
    expect((await ns.requestIn('Reviewing', asked.metadata.name)).status?.approvals).toBe('0/1');
  });

  test('with {permission: approve} of a cluster policy is whom a ClusterRole grants it', async ({ ns }) => {
    const name = `${ns.name}-pay`;
    await ns.clusterPolicy(name, asks(oneOf('allowed', { permission: 'approve' })));
    const role = { apiGroups: ['countersign.dev'], resources: ['clusterapprovalpolicies'], resourceNames: [name], verbs: ['approve'] };
    await ns.admin.create(resources.clusterRoles, undefined, { metadata: { name }, rules: [role] });
    await ns.admin.create(resources.clusterRoleBindings, undefined, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'bob' }],
    });
    const { asked } = await heldJob(ns, job('wire'));
    await decidesInVain(ns, await ns.as('dave'), 'Approve', asked, 'NotQualified');
    await ns.decide(await ns.as('bob'), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });
});

describe.concurrent('stages', () => {
  test('are asked one after the other', async ({ ns }) => {
    await ns.policy('pay', asks(stage('first', 2, { group: 'finance' }), oneOf('second', { group: 'security' })));
    const { asked } = await heldJob(ns, job('wire'));
    expect(states(asked)).toEqual(['first Active', 'second Waiting']);
    await ns.decide(await ns.as('bob', ['finance']), 'Approve', [asked]);
    await ns.request(asked.metadata.name, 'approved by one', (r) => r.status?.approvals === '1/3');
    await ns.decide(await ns.as('carol', ['finance']), 'Approve', [asked]);
    const second = await ns.request(asked.metadata.name, 'approved by two', (r) => r.status?.approvals === '2/3');
    expect(states(second)).toEqual(['first Satisfied', 'second Active']);
    await ns.decide(await ns.as('sam', ['security']), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('that are still to come count an approval that is there already', async ({ ns }) => {
    await ns.policy('pay', asks(oneOf('first', { group: 'finance' }), oneOf('second', { group: 'security' })));
    const { asked } = await heldJob(ns, job('wire'));
    const early = await ns.decide(await ns.as('sam', ['security']), 'Approve', [asked]);
    expect(await listed(ns, asked.metadata.name, early)).toMatchObject({ counted: true });
    expect(states(await ns.requestIn('Reviewing', asked.metadata.name))).toEqual(['first Active', 'second Satisfied']);
    await ns.decide(await ns.as('bob', ['finance']), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('need different people (distinctAcrossStages), and one person fills the place that helps most', async ({ ns }) => {
    await ns.policy('pay', asks(oneOf('first', { group: 'finance' }), oneOf('second', { group: 'security' })));
    const { asked } = await heldJob(ns, job('wire'));
    await ns.decide(await ns.as('eve', ['finance', 'security']), 'Approve', [asked]);
    await ns.request(asked.metadata.name, 'approved in one place', (r) => r.status?.approvals === '1/2');
    // Bob can only be of use in the first stage: eve makes room.
    await ns.decide(await ns.as('bob', ['finance']), 'Approve', [asked]);
    const done = await ns.requestIn('Completed', asked.metadata.name);
    expect(done.status?.stages.map((s) => s.require[0]?.approvedBy)).toEqual([['bob'], ['eve']]);
  });

  test('may take one person for all of them when the policy says distinctAcrossStages: false', async ({ ns }) => {
    const two = asks(oneOf('first', { group: 'finance' }), oneOf('second', { group: 'security' }));
    await ns.policy('pay', { ...two, separation: { distinctAcrossStages: false } });
    const { asked } = await heldJob(ns, job('wire'));
    await ns.decide(await ns.as('eve', ['finance', 'security']), 'Approve', [asked]);
    const done = await ns.requestIn('Completed', asked.metadata.name);
    expect(done.status?.approvals).toBe('2/2');
  });

  test('need every one of their requirements', async ({ ns }) => {
    const require = [
      { count: 1, from: [{ group: 'finance' }] },
      { count: 1, from: [{ group: 'security' }, { user: 'cso' }] },
    ];
    await ns.policy('pay', asks({ name: 'both', require }));
    const { asked } = await heldJob(ns, job('wire'));
    await nextSecond(ns, await ns.decide(await ns.as('bob', ['finance']), 'Approve', [asked]));
    await ns.request(asked.metadata.name, 'half approved', (r) => r.status?.approvals === '1/2');
    const third = await ns.decide(await ns.as('carol', ['finance']), 'Approve', [asked]);
    expect(await listed(ns, asked.metadata.name, third)).toMatchObject({ counted: false, ignoredBecause: 'PlaceTaken' });
    await ns.decide(await ns.as('cso'), 'Approve', [asked]);
    const done = await ns.requestIn('Completed', asked.metadata.name);
    expect(done.status?.stages[0]?.require.map((r) => r.approvedBy)).toEqual([['bob'], ['cso']]);
  });

  test('are rejected by as many as they say, and by one when they do not say', async ({ ns }) => {
    await ns.policy('pay', asks({ ...stage('first', 2, { group: 'finance' }), rejections: 2 }));
    const { asked } = await heldJob(ns, job('wire'));
    const first = await ns.decide(await ns.as('bob', ['finance']), 'Reject', [asked]);
    expect(await listed(ns, asked.metadata.name, first)).toMatchObject({ counted: true });
    await ns.requestIn('Reviewing', asked.metadata.name);
    await ns.decide(await ns.as('carol', ['finance']), 'Reject', [asked]);
    const settled = await ns.requestIn('Rejected', asked.metadata.name);
    expect(states(settled)).toEqual(['first Rejected']);
    expect(settled.status?.stages[0]?.rejectedBy).toEqual(['bob', 'carol']);
  });
});
