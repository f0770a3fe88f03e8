import { describe, expect } from 'vitest';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import { test } from '../../fixtures/inNamespace.ts';
import {
  condition,
  isTrue,
  job,
  matchJobs,
  oneOf,
  request,
  resources,
  type StoredRequest,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { bobOf, decidesInVain, financeAgrees, heldJob, listed, nextSecond, patch } from './support.ts';

/** Two approvals, and two rejections to settle it: one person can change their mind. */
const twoAgree = { match: matchJobs, stages: [{ name: 'finance', require: [{ count: 2, from: [{ group: 'finance' }] }], rejections: 2 }] };

const approvals = (tally: string) => (r: StoredRequest) => r.status?.approvals === tally;

describe.concurrent('a decision', () => {
  test('on several requests settles each of them', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const held = await Promise.all(['one', 'two', 'three'].map((name) => heldJob(ns, job(name))));
    await ns.decide(
      await bobOf(ns),
      'Approve',
      held.map((h) => h.asked),
    );
    for (const { asked } of held) await ns.requestIn('Completed', asked.metadata.name);
    const { items } = await ns.admin.list(resources.approvalDecisions, { namespace: ns.name });
    expect(items).toHaveLength(1);
  });

  test('on several requests counts in those whose policy asks its author', async ({ ns }) => {
    const of = (team: string) => ({
      match: [{ ...matchJobs[0], objectSelector: { matchLabels: { team } } }],
      stages: [oneOf(team, { group: team }), oneOf('cfo', { user: 'cfo' })],
    });
    await Promise.all([ns.policy('finance', of('finance')), ns.policy('security', of('security'))]);
    const [one, two] = await Promise.all(['finance', 'security'].map((team) => heldJob(ns, job(team, { metadata: { labels: { team } } }))));
    if (one === undefined || two === undefined) throw new Error('two Jobs are expected');
    await ns.decide(await ns.as('eve', ['finance', 'security']), 'Approve', [one.asked, two.asked]);
    for (const { asked } of [one, two]) await ns.request(asked.metadata.name, 'half approved', approvals('1/2'));
  });

  test('is the latest word of its author: a rejection takes an approval back, and an approval the rejection', async ({ ns }) => {
    await ns.policy('pay', twoAgree);
    const { asked } = await heldJob(ns, job('wire'));
    const bob = await bobOf(ns);
    const first = await ns.decide(bob, 'Approve', [asked]);
    await ns.request(asked.metadata.name, 'half approved', approvals('1/2'));
    await nextSecond(ns, first);
    const second = await ns.decide(bob, 'Reject', [asked]);
    const rejected = await ns.request(asked.metadata.name, 'not approved by bob', approvals('0/2'));
    expect(rejected.status?.stages[0]?.rejectedBy).toEqual(['bob']);
    await nextSecond(ns, second);
    const third = await ns.decide(bob, 'Approve', [asked]);
    const again = await ns.request(asked.metadata.name, 'approved by bob again', approvals('1/2'));
    expect(again.status?.stages[0]?.rejectedBy).toBeUndefined();
    const counted = again.status?.decisions.map(({ name, counted, ignoredBecause }) => [name, counted, ignoredBecause]);
    expect(counted).toEqual([
      [first.metadata.name, false, 'Superseded'],
      [second.metadata.name, false, 'Superseded'],
      [third.metadata.name, true, undefined],
    ]);
    await ns.decide(await ns.as('carol', ['finance']), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('that rejects stands before one of the same person and second that approves, whichever came first', async ({ ns }) => {
    await ns.policy('pay', twoAgree);
    const bob = await bobOf(ns);
    for (const order of [['Approve', 'Reject'] as const, ['Reject', 'Approve'] as const]) {
      const { asked, pair } = await inOneSecond(ns, bob, order);
      const [approval, rejection] = order[0] === 'Approve' ? pair : pair.toReversed();
      if (approval === undefined || rejection === undefined) throw new Error('two decisions are expected');
      await listed(ns, asked, approval);
      const seen = await ns.request(asked, 'listing both', (r) => r.status?.decisions.length === 2);
      expect(seen.status?.approvals).toBe('0/2');
      expect(await listed(ns, asked, approval)).toMatchObject({ counted: false, ignoredBecause: 'Superseded' });
      expect(await listed(ns, asked, rejection)).toMatchObject({ counted: true });
    }
  });

  test('that only comments counts for nothing, and does not take an approval back', async ({ ns }) => {
    await ns.policy('pay', twoAgree);
    const { asked } = await heldJob(ns, job('wire'));
    const bob = await bobOf(ns);
    const approval = await ns.decide(bob, 'Approve', [asked]);
    await nextSecond(ns, approval);
    const comment = await ns.decide(bob, 'Comment', [asked], { reason: 'who is BigCorp?' });
    expect(await listed(ns, asked.metadata.name, comment)).toMatchObject({
      counted: false,
      ignoredBecause: 'Comment',
      reason: 'who is BigCorp?',
    });
    expect(await listed(ns, asked.metadata.name, approval)).toMatchObject({ counted: true });
    const open = await ns.requestIn('Reviewing', asked.metadata.name);
    expect(open.status?.approvals).toBe('1/2');
  });

  test('counts once: who approves twice is one approver', async ({ ns }) => {
    await ns.policy('pay', twoAgree);
    const { asked } = await heldJob(ns, job('wire'));
    const bob = await bobOf(ns);
    await ns.decide(bob, 'Approve', [asked]);
    const again = await ns.decide(bob, 'Approve', [asked]);
    await listed(ns, asked.metadata.name, again);
    const seen = await ns.request(asked.metadata.name, 'listing both', (r) => r.status?.decisions.length === 2);
    expect(seen.status?.approvals).toBe('1/2');
    expect(seen.status?.decisions.filter((d) => d.counted)).toHaveLength(1);
  });

  test('of the requester approves nothing, but their rejection counts', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const alice = await ns.as('alice', ['finance']);
    const made = await alice.create(resources.jobs, ns.name, job('wire'));
    const asked = await ns.requestOf(made);
    await decidesInVain(ns, alice, 'Approve', asked, 'Requester');
    await ns.requestIn('Reviewing', asked.metadata.name);
    await ns.decide(alice, 'Reject', [asked]);
    await ns.requestIn('Rejected', asked.metadata.name);
  });

  test('of the requester approves when the policy says so', async ({ ns }) => {
    await ns.policy('pay', { ...financeAgrees, separation: { requesterMayApprove: true } });
    const alice = await ns.as('alice', ['finance']);
    const asked = await ns.requestOf(await alice.create(resources.jobs, ns.name, job('wire')));
    await ns.decide(alice, 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('of somebody who is not asked counts for nothing', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire'));
    for (const verdict of ['Approve', 'Reject'] as const)
      await decidesInVain(ns, await ns.as('dave', ['sales']), verdict, asked, 'NotQualified');
    await ns.requestIn('Reviewing', asked.metadata.name);
  });

  test('is void once what it was about is changed, and people are asked again', async ({ ns }) => {
    await ns.policy('asks', { ...twoAgree, match: [{ apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] }] });
    const alice = await ns.as('alice');
    await alice.create(resources.approvalRequests, ns.name, request('wire', { context: { amount: 1 } }));
    const asked = await ns.requestIn('Reviewing', 'wire');
    const decision = await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.request('wire', 'half approved', approvals('1/2'));
    await patch(ns, alice, resources.approvalRequests, 'wire', { spec: { context: { amount: 1_000_000 } } });
    const changed = await ns.request('wire', 'not approved any more', approvals('0/2'));
    expect(changed.status?.subjectDigest).not.toBe(asked.status?.subjectDigest);
    expect(await listed(ns, 'wire', decision)).toMatchObject({ counted: false, ignoredBecause: 'DigestChanged' });
    for (const who of [await bobOf(ns), await ns.as('carol', ['finance'])]) await ns.decide(who, 'Approve', [changed]);
    expect(condition(await ns.requestIn('Approved', 'wire'), 'Approved')?.message).toBe('Approved by bob, carol.');
  });

  test('is not void when something that nobody approved is changed, such as the timeout', async ({ ns }) => {
    await ns.policy('asks', { ...twoAgree, match: [{ apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] }] });
    const alice = await ns.as('alice');
    await alice.create(resources.approvalRequests, ns.name, request('wire'));
    const asked = await ns.requestIn('Reviewing', 'wire');
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.request('wire', 'half approved', approvals('1/2'));
    await patch(ns, alice, resources.approvalRequests, 'wire', { spec: { timeout: '48h' } });
    const changed = await ns.request('wire', 'read anew', (r) => r.status?.observedGeneration === 2);
    expect(changed.status).toMatchObject({ subjectDigest: asked.status?.subjectDigest, approvals: '1/2' });
    expect(isTrue(changed, 'Settled')).toBe(false);
  });
});

/** Decides twice within one second of the API server, however often that takes. */
async function inOneSecond(ns: TestNamespace, who: KubeClient, [one, two]: readonly ['Approve' | 'Reject', 'Approve' | 'Reject']) {
  for (;;) {
    const { asked } = await heldJob(ns, { ...job(''), metadata: { generateName: 'wire-' } });
    const first = await ns.decide(who, one, [asked]);
    const second = await ns.decide(who, two, [asked]);
    if (first.metadata.creationTimestamp === second.metadata.creationTimestamp)
      return { asked: asked.metadata.name, pair: [first, second] };
  }
}
