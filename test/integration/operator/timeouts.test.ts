import { describe, expect } from 'vitest';
import { test } from '../../fixtures/inNamespace.ts';
import { condition, job, matchJobs, matchRequests, oneOf, request, resources } from '../../fixtures/world.ts';
import { bobOf, financeAgrees, heldJob } from './support.ts';

describe.concurrent('a request that nobody answers expires', () => {
  test('when its own timeout is over', async ({ ns }) => {
    await ns.policy('asks', { ...financeAgrees, match: matchRequests });
    await (await ns.as('alice')).create(resources.approvalRequests, ns.name, request('wire', { timeout: '2s' }));
    const settled = await ns.requestIn('Expired', 'wire');
    expect(condition(settled, 'Approved')).toMatchObject({
      status: 'False',
      reason: 'Expired',
      message: `Nobody agreed before ${settled.status?.expiresAt}.`,
    });
    expect(condition(settled, 'Settled')?.status).toBe('True');
    expect(condition(settled, 'Stalled')?.status).toBe('True');
  });

  test("when its policy's timeout is over", async ({ ns }) => {
    await ns.policy('pay', { ...financeAgrees, timeout: '2s' });
    const { asked } = await heldJob(ns, job('wire'));
    const settled = await ns.requestIn('Expired', asked.metadata.name);
    expect(condition(settled, 'Approved')).toMatchObject({ status: 'False', reason: 'Expired' });
  });

  test('when the time of a stage is over, counted from when it became active, and says which stage', async ({ ns }) => {
    const stages = [oneOf('finance', { group: 'finance' }), { ...oneOf('security', { group: 'security' }), timeout: '2s' }];
    await ns.policy('pay', { match: matchJobs, stages });
    const { asked } = await heldJob(ns, job('wire'));
    expect(asked.status?.stages[1]).toMatchObject({ state: 'Waiting' });
    expect(asked.status?.stages[1]?.deadline).toBeUndefined();
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    const settled = await ns.requestIn('Expired', asked.metadata.name);
    expect(condition(settled, 'Approved')?.message).toBe('Stage security was not satisfied in time.');
    const stage = settled.status?.stages[1];
    expect(stage).toMatchObject({ state: 'Expired', timeout: '2s' });
    expect(Date.parse(stage?.deadline ?? '') - Date.parse(stage?.activeSince ?? '')).toBe(2_000);
  });

  test('also where no policy says who could answer', async ({ ns }) => {
    await (await ns.as('alice')).create(resources.approvalRequests, ns.name, request('wire', { timeout: '2s' }));
    expect(condition(await ns.requestIn('Expired', 'wire'), 'Settled')?.status).toBe('True');
  });
});
