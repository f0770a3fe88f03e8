import { describe, expect } from 'vitest';
import { labels } from '../../../crds/v1alpha1/index.ts';
import { test } from '../../fixtures/inNamespace.ts';
import { condition, hasEnded, isSuspended, isTrue, job, resources } from '../../fixtures/world.ts';
import { bobOf, financeAgrees, heldJob, patch } from './support.ts';

const impatient = (name: string): object => job(name, { metadata: { annotations: { 'countersign.dev/timeout': '1s' } } });

describe.concurrent('a held Job that is refused ends as Failed', () => {
  test('when somebody who was asked rejects it: reason ApprovalRejected, with who and why', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire'));
    await ns.decide(await bobOf(ns), 'Reject', [asked], { reason: 'not this quarter' });
    const ended = await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    const why = { status: 'True', reason: 'ApprovalRejected', message: 'Rejected by bob: not this quarter' };
    expect(condition(ended, 'Failed')).toMatchObject(why);
    expect(condition(ended, 'FailureTarget')).toMatchObject(why);
    expect(ended['status']).toHaveProperty('startTime');
    expect(isSuspended(ended)).toBe(true);
    const settled = await ns.requestIn('Rejected', asked.metadata.name);
    expect(condition(settled, 'Approved')).toMatchObject({ status: 'False', reason: 'Rejected', message: why.message });
    expect(condition(settled, 'Released')).toMatchObject({ status: 'False', reason: 'Rejected' });
    expect(isTrue(settled, 'Settled')).toBe(true);
  });

  test('when nobody agrees in time: reason ApprovalExpired', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, impatient('wire'));
    const ended = await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    expect(condition(ended, 'Failed')).toMatchObject({ status: 'True', reason: 'ApprovalExpired' });
    const settled = await ns.requestIn('Expired', asked.metadata.name);
    expect(condition(settled, 'Approved')).toMatchObject({ status: 'False', reason: 'Expired' });
  });

  test('when its author takes the request back: reason ApprovalCancelled', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire'));
    await patch(ns, await ns.as('alice'), resources.approvalRequests, asked.metadata.name, { spec: { cancelled: true } });
    const ended = await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    expect(condition(ended, 'Failed')).toMatchObject({ status: 'True', reason: 'ApprovalCancelled' });
    expect(condition(await ns.requestIn('Cancelled', asked.metadata.name), 'Approved')).toMatchObject({ reason: 'Cancelled' });
  });

  test('without ever having had a pod, and nobody can bring it back', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { made, asked } = await heldJob(ns, job('wire'));
    await ns.decide(await bobOf(ns), 'Reject', [asked]);
    await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    const resume = { spec: { suspend: false } };
    for (const who of [await ns.as('alice'), await ns.as('olga', [], 'owners'), ns.admin])
      await expect(patch(ns, who, resources.jobs, 'wire', resume)).rejects.toThrow(/this Job is held: only the operator may resume it/);
    const { items } = await ns.admin.list(resources.pods, { namespace: ns.name, labelSelector: `controller-uid=${made.metadata.uid}` });
    expect(items).toEqual([]);
  });

  test('and its TTL goes on from there: the Job is removed, its request stays', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { made, asked } = await heldJob(ns, job('wire', { spec: { ttlSecondsAfterFinished: 1 } }));
    await ns.decide(await bobOf(ns), 'Reject', [asked]);
    await ns.gone(resources.jobs, 'wire');
    expect((await ns.requestsOf(made))[0]?.status?.phase).toBe('Rejected');
  });

  test('and a later approval of somebody else helps no more', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire', { spec: { ttlSecondsAfterFinished: 600 } }));
    await ns.decide(await bobOf(ns), 'Reject', [asked]);
    const settled = await ns.requestIn('Rejected', asked.metadata.name);
    await ns
      .decide(await ns.as('carol', ['finance']), 'Approve', [asked])
      .catch((error: unknown) => expect(String(error)).toMatch(/settled/i));
    const next = await heldJob(ns, job('next'));
    await ns.decide(await bobOf(ns), 'Approve', [next.asked]);
    await ns.requestIn('Completed', next.asked.metadata.name);
    const after = await ns.requestIn('Rejected', asked.metadata.name);
    expect(condition(after, 'Approved')).toEqual(condition(settled, 'Approved'));
    expect(condition(after, 'Settled')).toEqual(condition(settled, 'Settled'));
  });
});

describe.concurrent('onRefusal: Keep', () => {
  test('leaves a refused Job suspended and held; its author may delete it', async ({ ns }) => {
    await ns.policy('pay', { ...financeAgrees, onRefusal: 'Keep' });
    const { made, asked } = await heldJob(ns, job('wire'));
    await ns.decide(await bobOf(ns), 'Reject', [asked]);
    await ns.requestIn('Rejected', asked.metadata.name);
    // A Job that is asked about and let go later shows that the operator has long been through with this one.
    const next = await heldJob(ns, job('next'));
    await ns.decide(await bobOf(ns), 'Approve', [next.asked]);
    await ns.requestIn('Completed', next.asked.metadata.name);
    const kept = await ns.get(resources.jobs, 'wire');
    expect(hasEnded(kept)).toBe(false);
    expect(isSuspended(kept)).toBe(true);
    expect(kept.metadata.labels?.[labels.held]).toBe('true');
    expect(await ns.requestsOf(made)).toHaveLength(1);
    await (await ns.as('alice')).delete(resources.jobs, { namespace: ns.name, name: 'wire' });
    await ns.gone(resources.jobs, 'wire');
  });

  test('of one policy keeps what another would have ended', async ({ ns }) => {
    await Promise.all([ns.policy('pay', financeAgrees), ns.policy('keep', { ...financeAgrees, onRefusal: 'Keep' })]);
    const { asked } = await heldJob(ns, job('wire'));
    await ns.decide(await bobOf(ns), 'Reject', [asked]);
    const settled = await ns.requestIn('Rejected', asked.metadata.name);
    expect(settled.status?.policies.map((p) => `${p.name} ${p.onRefusal}`).sort()).toEqual(['keep Keep', 'pay Fail']);
    const next = await heldJob(ns, job('next'));
    await ns.decide(await bobOf(ns), 'Approve', [next.asked]);
    await ns.requestIn('Completed', next.asked.metadata.name);
    expect(hasEnded(await ns.get(resources.jobs, 'wire'))).toBe(false);
  });
});
