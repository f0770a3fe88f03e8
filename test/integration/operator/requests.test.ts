import { describe, expect } from 'vitest';
import { test } from '../../fixtures/inNamespace.ts';
import { condition, hasEnded, isSuspended, isTrue, job, matchRequests, request, resources } from '../../fixtures/world.ts';
import { bobOf, financeAgrees, heldJob, patch } from './support.ts';

const asks = { ...financeAgrees, match: matchRequests };

describe.concurrent("a person's own request", () => {
  test('about something outside the cluster stays Approved: there is nothing to run', async ({ ns }) => {
    await ns.policy('asks', asks);
    const alice = await ns.as('alice', ['dev']);
    const external = { system: 'temporal', id: 'run-9', url: 'https://temporal.example/run-9' };
    await alice.create(
      resources.approvalRequests,
      ns.name,
      request('run', { subject: { external }, context: { amount: 1 }, reason: 'why' }),
    );
    const asked = await ns.requestIn('Reviewing', 'run');
    expect(asked.status?.requester).toMatchObject({ username: 'alice' });
    expect(asked.status?.requester?.groups).toContain('dev');
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    const approved = await ns.requestIn('Approved', 'run');
    expect(isTrue(approved, 'Settled')).toBe(true);
    expect(isTrue(approved, 'Ready')).toBe(true);
    expect(condition(approved, 'Released')).toBeUndefined();
  });

  test('about a Job releases nothing: the Job waits for its own request', async ({ ns }) => {
    await Promise.all([ns.policy('pay', financeAgrees), ns.policy('asks', asks)]);
    const { made, asked } = await heldJob(ns, job('wire'));
    const resource = { apiVersion: 'batch/v1', kind: 'Job', name: 'wire', uid: made.metadata.uid };
    await (await ns.as('alice')).create(resources.approvalRequests, ns.name, request('mine', { subject: { resource } }));
    await ns.decide(await bobOf(ns), 'Approve', [await ns.requestIn('Reviewing', 'mine')]);
    await ns.requestIn('Approved', 'mine');
    const next = await heldJob(ns, job('next'));
    await ns.decide(await bobOf(ns), 'Approve', [next.asked]);
    await ns.requestIn('Completed', next.asked.metadata.name);
    const waiting = await ns.get(resources.jobs, 'wire');
    expect([isSuspended(waiting), hasEnded(waiting)]).toEqual([true, false]);
    await ns.requestIn('Reviewing', asked.metadata.name);
  });

  test('about a Job is over when the Job is gone', async ({ ns }) => {
    await Promise.all([ns.policy('pay', financeAgrees), ns.policy('asks', asks)]);
    const { made } = await heldJob(ns, job('wire'));
    const alice = await ns.as('alice');
    const resource = { apiVersion: 'batch/v1', kind: 'Job', name: 'wire', uid: made.metadata.uid };
    await alice.create(resources.approvalRequests, ns.name, request('mine', { subject: { resource } }));
    await ns.requestIn('Reviewing', 'mine');
    await alice.delete(resources.jobs, { namespace: ns.name, name: 'wire' });
    expect(condition(await ns.requestIn('Cancelled', 'mine'), 'Approved')).toMatchObject({ status: 'False', reason: 'SubjectGone' });
  });

  test('is kept as Draft, and nobody is asked, until its author submits it', async ({ ns }) => {
    await ns.policy('asks', asks);
    const alice = await ns.as('alice');
    await alice.create(resources.approvalRequests, ns.name, request('plan', { draft: true }));
    const draft = await ns.requestIn('Draft', 'plan');
    expect(draft.status?.stages).toEqual([]);
    expect(draft.status?.submittedAt).toBeUndefined();
    expect(condition(draft, 'Approved')).toMatchObject({ status: 'Unknown', reason: 'Draft' });
    await patch(ns, alice, resources.approvalRequests, 'plan', { spec: { draft: false } });
    const asked = await ns.requestIn('Reviewing', 'plan');
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.requestIn('Approved', 'plan');
  });

  test('that is a draft is cancelled by its author', async ({ ns }) => {
    const alice = await ns.as('alice');
    await alice.create(resources.approvalRequests, ns.name, request('plan', { draft: true }));
    await ns.requestIn('Draft', 'plan');
    await patch(ns, alice, resources.approvalRequests, 'plan', { spec: { cancelled: true } });
    expect(condition(await ns.requestIn('Cancelled', 'plan'), 'Settled')?.status).toBe('True');
  });
});

describe.concurrent('cancelling', () => {
  test('is for the requester, and ends the request: Cancelled, settled', async ({ ns }) => {
    await ns.policy('asks', asks);
    const alice = await ns.as('alice');
    await alice.create(resources.approvalRequests, ns.name, request('run'));
    await ns.requestIn('Reviewing', 'run');
    await patch(ns, alice, resources.approvalRequests, 'run', { spec: { cancelled: true } });
    const settled = await ns.requestIn('Cancelled', 'run');
    expect(condition(settled, 'Approved')).toMatchObject({ status: 'False', reason: 'Cancelled' });
    expect(isTrue(settled, 'Settled')).toBe(true);
  });

  test('is for whoever has the verb cancel, also on the request of a held Job', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire'));
    await ns.grant('canceller', [{ apiGroups: ['countersign.dev'], resources: ['approvalrequests'], verbs: ['cancel'] }], ['chris']);
    await patch(ns, await ns.as('chris'), resources.approvalRequests, asked.metadata.name, { spec: { cancelled: true } });
    await ns.requestIn('Cancelled', asked.metadata.name);
    const ended = await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    expect(condition(ended, 'Failed')?.reason).toBe('ApprovalCancelled');
  });

  test('is for nobody else, though RBAC lets them write requests', async ({ ns }) => {
    await ns.policy('asks', asks);
    await (await ns.as('alice')).create(resources.approvalRequests, ns.name, request('run'));
    await ns.requestIn('Reviewing', 'run');
    const cancel = patch(ns, await ns.as('mallory'), resources.approvalRequests, 'run', { spec: { cancelled: true } });
    await expect(cancel).rejects.toThrow(/only its requester, alice, may change it; whoever has the verb cancel may set cancelled to true/);
    await ns.requestIn('Reviewing', 'run');
  });

  test('after a yes changes nothing of what has been let go', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire', { podAnnotations: { 'kwok.countersign.dev/delay': '600s' } }));
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.requestIn('Applying', asked.metadata.name);
    await patch(ns, await ns.as('alice'), resources.approvalRequests, asked.metadata.name, { spec: { cancelled: true } });
    const still = await ns.request(asked.metadata.name, 'read anew', (r) => r.status?.observedGeneration === r.metadata.generation);
    expect(condition(still, 'Approved')).toMatchObject({ status: 'True', reason: 'Approved' });
    expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(false);
  });
});
