import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { approvalDecisions, approvalDelegations, approvers } from '../../../crds/v1alpha1/index.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import { test } from '../../fixtures/inNamespace.ts';
import { condition, job, matchJobs, oneOf, type StoredRequest, type TestNamespace } from '../../fixtures/world.ts';
import { decidesInVain, decisionOn, heldJob, listed, nextSecond } from './support.ts';

const asks = (...from: object[]) => ({ match: matchJobs, stages: [{ name: 'money', require: [{ count: from.length, from }] }] });
const may = (resource: string, ...verbs: string[]) => ({ apiGroups: ['countersign.dev'], resources: [resource], verbs });

/** Carla, who may delegate what is hers, as every approver may. */
async function carlaOf(ns: TestNamespace, groups: readonly string[] = []): Promise<KubeClient> {
  await ns.grant('delegating', [may('approvaldelegations', 'get', 'create', 'patch', 'delete')], ['carla', 'rita']);
  return ns.as('carla', groups);
}

const delegate = (ns: TestNamespace, who: KubeClient, from: string, to: string, more: object = {}) =>
  who.create(approvalDelegations, ns.name, {
    apiVersion: 'countersign.dev/v1alpha1',
    kind: approvalDelegations.kind,
    metadata: { name: `${from}-to-${to}` },
    spec: { from, to, ...more },
  });

const approver = (ns: TestNamespace, username: string, spec: object) =>
  ns.admin.create(approvers, undefined, {
    apiVersion: 'countersign.dev/v1alpha1',
    kind: approvers.kind,
    metadata: { name: `${ns.name}-${username}` },
    spec: { username, ...spec },
  });

const reassign = (ns: TestNamespace, who: KubeClient, of: StoredRequest, to: { stage: string; from: string; to: string }) => {
  const shown = { name: of.metadata.name, uid: of.metadata.uid, digest: of.status?.subjectDigest };
  return who.create(approvalDecisions, ns.name, decisionOn('Reassign', [shown], { reassign: to }));
};

describe.concurrent('in the stead of whoever delegated', () => {
  test('somebody approves what asks for them by name; the decision names both', async ({ ns }) => {
    await ns.policy('pay', asks({ user: 'carla' }));
    await delegate(ns, await carlaOf(ns), 'carla', 'dan', { reason: 'on leave' });
    const { asked } = await heldJob(ns, job('wire'));
    await decidesInVain(ns, await ns.as('erin'), 'Approve', asked, 'NotQualified');
    const decision = await ns.decide(await ns.as('dan'), 'Approve', [asked]);
    expect(await listed(ns, asked.metadata.name, decision)).toMatchObject({ approver: 'dan', onBehalfOf: 'carla', counted: true });
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('somebody approves for the group that the API server saw them in when they delegated', async ({ ns }) => {
    await ns.policy('pay', asks({ group: 'finance' }));
    await delegate(ns, await carlaOf(ns, ['finance']), 'carla', 'dan');
    const { asked } = await heldJob(ns, job('wire'));
    await ns.decide(await ns.as('dan'), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('somebody with the verb delegates for them; their groups are then those of the Approver', async ({ ns }) => {
    const carla = `carla-${ns.name}`;
    await ns.policy('pay', asks({ group: 'finance' }));
    await carlaOf(ns);
    await expect(delegate(ns, await ns.as('rita'), carla, 'dan')).rejects.toThrow('only they, or somebody with the verb delegate');
    await ns.grant('managing', [may('approvaldelegations', 'delegate')], ['rita']);
    await delegate(ns, await ns.as('rita', ['finance']), carla, 'dan');
    const { asked } = await heldJob(ns, job('wire'));
    await decidesInVain(ns, await ns.as('dan'), 'Approve', asked, 'NotQualified');
    // What he said counts as soon as it is known that she is in finance.
    await approver(ns, carla, { groups: ['finance'] });
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('a decision counts no more once the delegation is gone', async ({ ns }) => {
    await ns.policy('pay', asks({ user: 'carla' }, { user: 'chris' }));
    const carla = await carlaOf(ns);
    await delegate(ns, carla, 'carla', 'dan');
    const { asked } = await heldJob(ns, job('wire'));
    const decision = await ns.decide(await ns.as('dan'), 'Approve', [asked]);
    const counts = (counted: boolean) => (r: StoredRequest) =>
      r.status?.decisions.find((d) => d.name === decision.metadata.name)?.counted === counted;
    expect((await ns.request(asked.metadata.name, 'counting it', counts(true))).status?.approvals).toBe('1/2');
    await carla.delete(approvalDelegations, { namespace: ns.name, name: 'carla-to-dan' });
    const after = await ns.request(asked.metadata.name, 'counting it no more', counts(false));
    expect(after.status?.approvals).toBe('0/2');
    expect(after.status?.phase).toBe('Reviewing');
  });

  test('somebody decides for another only about such Jobs as the delegation says, whatever policies look at', async ({ ns }) => {
    await ns.policy('pay', asks({ user: 'carla' }));
    await delegate(ns, await carlaOf(ns), 'carla', 'dan', { when: "object.metadata.labels['team'] == 'web'" });
    const dan = await ns.as('dan');
    const { asked: other } = await heldJob(ns, job('other', { metadata: { labels: { team: 'mail' } } }));
    await decidesInVain(ns, dan, 'Approve', other, 'NotQualified');
    const { asked } = await heldJob(ns, job('wire', { metadata: { labels: { team: 'web' } } }));
    await ns.decide(dan, 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('who asks for something does not choose who decides on it by what they write for somebody else', async ({ ns }) => {
    await ns.policy('pay', asks({ user: 'carla' }));
    const carla = await carlaOf(ns);
    await ns.grant('managing', [may('approvaldelegations', 'create', 'delegate')], ['alice']);
    await delegate(ns, await ns.as('alice'), 'carla', 'dan');
    const { asked } = await heldJob(ns, job('wire'));
    await decidesInVain(ns, await ns.as('dan'), 'Approve', asked, 'DelegatedByRequester');
    // Through a second delegation admission does not look; the operator does.
    await ns.grant('approving', [may('approvaldelegations', 'create')], ['dan']);
    await delegate(ns, await ns.as('dan'), 'dan', 'erin');
    const vain = await ns.decide(await ns.as('erin'), 'Approve', [asked]);
    expect(await listed(ns, asked.metadata.name, vain)).toMatchObject({ counted: false, ignoredBecause: 'DelegatedByRequester' });
    const seen = await ns.requestIn('Reviewing', asked.metadata.name);
    expect(condition(seen, 'Approved')?.message).toContain('What erin said does not count');
    // What carla says for herself does.
    await delegate(ns, carla, 'carla', 'erin');
    await nextSecond(ns, vain);
    await ns.decide(await ns.as('erin'), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('two to whom one person delegated are not two, and who asked is nobody', async ({ ns }) => {
    await ns.policy('pay', asks({ user: 'carla' }, { user: 'chris' }));
    const carla = await carlaOf(ns);
    for (const to of ['dan', 'erin', 'alice']) await delegate(ns, carla, 'carla', to);
    const { asked } = await heldJob(ns, job('wire'));
    await decidesInVain(ns, await ns.as('alice'), 'Approve', asked, 'NotQualified');
    const names: string[] = [];
    for (const who of ['dan', 'erin']) names.push((await ns.decide(await ns.as(who), 'Approve', [asked])).metadata.name);
    const both = (r: StoredRequest) => (r.status?.decisions ?? []).filter((d) => names.includes(d.name));
    const seen = await ns.request(asked.metadata.name, 'listing both', (r) => both(r).length === 2);
    // Of two decisions in one second it is not known which was first.
    expect(
      both(seen)
        .map((d) => d.ignoredBecause ?? d.onBehalfOf)
        .sort(),
    ).toEqual(['PlaceTaken', 'carla']);
    expect(seen.status).toMatchObject({ phase: 'Reviewing', approvals: '1/2' });
    await ns.decide(await ns.as('chris'), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });
});

describe.concurrent('in the stead of somebody gone', () => {
  test('their manager approves once somebody with the verb has said so', async ({ ns }) => {
    const [carla, eve] = [`carla-${ns.name}`, `eve-${ns.name}`];
    await approver(ns, carla, { manager: eve });
    await ns.policy('pay', asks({ user: carla }));
    const { asked } = await heldJob(ns, job('wire'));
    await decidesInVain(ns, await ns.as(eve), 'Approve', asked, 'NotQualified');
    const to = { stage: 'money', from: carla, to: eve };
    await expect(reassign(ns, await ns.as('rita'), asked, to)).rejects.toThrow('takes the verb reassign');
    await ns.grant('reassigning', [may('approvalrequests', 'reassign')], ['rita']);
    const rita = await ns.as('rita');
    await expect(reassign(ns, rita, asked, { ...to, stage: 'art' })).rejects.toThrow('reassign.stage is art, but');
    await expect(reassign(ns, rita, asked, { ...to, to: 'mallory' })).rejects.toThrow(`expected ${eve}, their manager`);
    await reassign(ns, rita, asked, to);
    const seen = await ns.request(asked.metadata.name, 'asking eve', (r) => (r.status?.stages[0]?.standIns ?? []).length > 0);
    expect(seen.status?.stages[0]?.standIns).toEqual([{ for: carla, user: eve, by: 'rita' }]);
    await ns.decide(await ns.as(eve), 'Approve', [seen]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('only those whom the stage allows approve, by the groups they have then', async ({ ns }) => {
    const stage = { ...oneOf('money', { user: 'carla' }), reassignTo: [{ group: 'deputies' }] };
    await ns.policy('pay', { match: matchJobs, stages: [stage] });
    await ns.grant('reassigning', [may('approvalrequests', 'reassign')], ['rita']);
    const { asked } = await heldJob(ns, job('wire'));
    await reassign(ns, await ns.as('rita'), asked, { stage: 'money', from: 'carla', to: 'dan' });
    const seen = await ns.request(asked.metadata.name, 'asking dan', (r) => (r.status?.stages[0]?.standIns ?? []).length > 0);
    await decidesInVain(ns, await ns.as('dan'), 'Approve', seen, 'NotQualified');
    // Times are whole seconds: of two decisions in one second it is not known which was first.
    await sleep(1000);
    await ns.decide(await ns.as('dan', ['deputies']), 'Approve', [seen]);
    await ns.requestIn('Completed', asked.metadata.name);
  });
});
