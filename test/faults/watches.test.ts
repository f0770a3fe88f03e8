import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SeenWatch } from '../fixtures/faults.ts';
import { FaultyPlatform } from '../fixtures/faultyPlatform.ts';
import { job, matchJobs, oneOf } from '../fixtures/objects.ts';
import { hasEnded, isSuspended, resources, TestNamespace } from '../fixtures/world.ts';

let platform: FaultyPlatform;
let ns: TestNamespace;

beforeAll(async () => {
  platform = await FaultyPlatform.start();
  await platform.operator();
});

afterAll(async () => {
  await platform.stop();
});

beforeEach(async () => {
  ns = await TestNamespace.on(platform.cluster, 'watches');
  await ns.policy('any', { match: matchJobs, stages: [oneOf('any', { user: 'bob' })] });
});

afterEach(async () => {
  platform.proxy.onEvent(() => 'pass');
  platform.proxy.refuseWatches(undefined);
  await ns.close();
});

async function approvedRuns(name: string): Promise<void> {
  const held = await (await ns.as('alice')).create(resources.jobs, ns.name, job(name));
  const request = await ns.requestOf(held);
  expect(isSuspended(await ns.get(resources.jobs, name))).toBe(true);
  await ns.decide(await ns.as('bob'), 'Approve', [request]);
  await ns.eventually(resources.jobs, name, 'ended', hasEnded);
  await ns.phase(resources.approvalRequests, request.metadata.name, 'Completed');
}

describe('the same end is reached', () => {
  it('when every watch is cut again and again', async () => {
    const cutting = setInterval(() => platform.proxy.cutWatches(), 150);
    await approvedRuns('cut').finally(() => clearInterval(cutting));
  });

  it('when every event comes twice', async () => {
    platform.proxy.onEvent(() => 'repeat');
    platform.proxy.cutWatches();
    await approvedRuns('twice');
  });

  it('when events overtake each other', async () => {
    let count = 0;
    platform.proxy.onEvent(({ type }) => (type === 'BOOKMARK' || (count += 1) % 3 !== 0 ? 'pass' : 'hold'));
    platform.proxy.cutWatches();
    await approvedRuns('reordered').finally(() => platform.proxy.onEvent(() => 'pass'));
  });

  it('when the history that a watch wants is gone (410)', async () => {
    platform.proxy.sendError({ code: 410, reason: 'Expired', message: 'too old resource version' });
    await approvedRuns('expired');
  });

  it('when the API server refuses watches for a while', async () => {
    platform.proxy.refuseWatches(() => ({ status: 500, reason: 'InternalError' }));
    platform.proxy.cutWatches();
    setTimeout(() => platform.proxy.refuseWatches(undefined), 1_500);
    await approvedRuns('refused');
  });
});

describe('a watch that has fallen silent', () => {
  const ofPolicies = ({ resource }: SeenWatch): boolean => resource === 'approvalpolicies';

  it('does not let work through under a rule that was made stricter meanwhile', async () => {
    const held = await (await ns.as('alice')).create(resources.jobs, ns.name, job('stale'));
    const request = await ns.requestOf(held);
    platform.proxy.freezeWatches(ofPolicies);
    const stages = [oneOf('any', { user: 'bob' }), oneOf('second', { user: 'carol' })];
    await ns.admin.patch(resources.approvalPolicies, { namespace: ns.name, name: 'any' }, { spec: { stages } }, { type: 'merge' });
    await ns.decide(await ns.as('bob'), 'Approve', [request]);
    // The decision has arrived, and would release under the rule that the operator last saw.
    await sleep(5_000);
    expect(isSuspended(await ns.get(resources.jobs, 'stale'))).toBe(true);
    platform.proxy.cutWatches(ofPolicies);
    await ns.eventually(resources.approvalRequests, request.metadata.name, 'asking carol', (found) =>
      JSON.stringify(found['status']).includes('carol'),
    );
    expect(isSuspended(await ns.get(resources.jobs, 'stale'))).toBe(true);
  });
});
