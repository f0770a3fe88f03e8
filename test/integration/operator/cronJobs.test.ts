import { describe, expect } from 'vitest';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { test } from '../../fixtures/inNamespace.ts';
import {
  condition,
  cronJob,
  hasEnded,
  isSuspended,
  isTrue,
  podTemplate,
  resources,
  until,
  type StoredRequest,
  TestNamespace,
} from '../../fixtures/world.ts';
import { cronJobAuthorCases } from './cronJobAuthors.ts';
import { bobOf, financeAgrees, patch } from './support.ts';

// The CronJob controller itself makes the Jobs, once a minute: each of these tests waits for it, all at the same time.
const minutes = 60_000;

/** The Jobs of a CronJob, oldest first, once there are so many. */
function children(ns: TestNamespace, count: number): Promise<KubeObject[]> {
  const ask = async (): Promise<KubeObject[] | undefined> => {
    const { items } = await ns.admin.list(resources.jobs, { namespace: ns.name });
    const inOrder = items.sort((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp));
    return inOrder.length >= count ? inOrder : undefined;
  };
  return until(`${count} Jobs of the CronJob`, ask, (count + 1) * minutes + 30_000);
}

const requests = async (ns: TestNamespace): Promise<StoredRequest[]> =>
  (await ns.admin.list<StoredRequest>(resources.approvalRequests, { namespace: ns.name })).items;

describe.concurrent('Jobs of a CronJob', () => {
  test(
    'are asked for by whoever last changed the template, with their groups; who only changes the schedule changes nothing',
    { timeout: 4 * minutes },
    async ({ ns }) => {
      await ns.policy('pay', financeAgrees);
      const alice = await ns.as('alice');
      const bob = await ns.as('bob', ['ops']);
      const carol = await ns.as('carol', ['dev']);
      await alice.create(resources.cronJobs, ns.name, cronJob('nightly', { spec: { suspend: true } }));
      const containers = podTemplate({ image: 'registry.example/tool:2' }).template.spec.containers;
      await patch(ns, bob, resources.cronJobs, 'nightly', { spec: { jobTemplate: { spec: { template: { spec: { containers } } } } } });
      await patch(ns, carol, resources.cronJobs, 'nightly', { spec: { suspend: false, successfulJobsHistoryLimit: 1 } });
      const [made] = await children(ns, 1);
      if (made === undefined) throw new Error('a Job is expected');
      expect(isSuspended(made)).toBe(true);
      const asked = await ns.requestOf(made);
      expect(asked.status?.requester).toEqual({ username: 'bob', groups: [`${ns.name}:staff`, 'ops', 'system:authenticated'] });
      expect(asked.spec.operation).toBe('nightly');
    },
  );

  test('are asked about one at a time, the next when the first is settled', { timeout: 6 * minutes }, async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    await (await ns.as('alice')).create(resources.cronJobs, ns.name, cronJob('often', { spec: { concurrencyPolicy: 'Allow' } }));
    const [first, second] = await children(ns, 2);
    if (first === undefined || second === undefined) throw new Error('two Jobs are expected');
    const asked = await ns.requestOf(first);
    expect(isSuspended(second)).toBe(true);
    expect((await requests(ns)).map((r) => r.metadata.name)).toEqual([asked.metadata.name]);
    await ns.decide(await bobOf(ns), 'Reject', [asked]);
    const next = await ns.requestOf(second);
    expect(isTrue(await ns.requestIn('Rejected', asked.metadata.name), 'Settled')).toBe(true);
    expect((await requests(ns)).filter((r) => !isTrue(r, 'Settled')).map((r) => r.metadata.name)).toEqual([next.metadata.name]);
    await ns.decide(await bobOf(ns), 'Approve', [next]);
    await ns.requestIn('Completed', next.metadata.name);
    expect(isTrue(await ns.eventually(resources.jobs, second.metadata.name, 'over', hasEnded), 'Complete')).toBe(true);
  });

  test('that are refused end as Failed, and the CronJob goes on with the next', { timeout: 6 * minutes }, async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    await (await ns.as('alice')).create(resources.cronJobs, ns.name, cronJob('strict', { spec: { concurrencyPolicy: 'Forbid' } }));
    const [first] = await children(ns, 1);
    if (first === undefined) throw new Error('a Job is expected');
    await ns.decide(await bobOf(ns), 'Reject', [await ns.requestOf(first)]);
    const ended = await ns.eventually(resources.jobs, first.metadata.name, 'over', hasEnded);
    expect(condition(ended, 'Failed')).toMatchObject({ status: 'True', reason: 'ApprovalRejected' });
    const [, second] = await children(ns, 2);
    if (second === undefined) throw new Error('another Job is expected');
    const next = await ns.requestOf(second);
    expect(next.status?.phase).toBe('Reviewing');
    const { status } = await ns.get(resources.cronJobs, 'strict');
    expect((status as { active?: { name: string }[] }).active?.map((a) => a.name)).toEqual([second.metadata.name]);
  });

  test(
    'are covered by the standing approval of an earlier one, and no more once the CronJob runs something else',
    { timeout: 6 * minutes },
    async ({ ns }) => {
      await ns.policy('pay', { ...financeAgrees, standing: { maxRuns: 5, maxDuration: '1h' } });
      const alice = await ns.as('alice');
      await alice.create(resources.cronJobs, ns.name, cronJob('nightly'));
      const [first] = await children(ns, 1);
      if (first === undefined) throw new Error('a Job is expected');
      const asked = await ns.requestOf(first);
      await ns.decide(await bobOf(ns), 'Approve', [asked], { standing: { runs: 5, duration: '30m' } });
      const source = await ns.requestIn('Completed', asked.metadata.name);
      expect(source.status?.standing?.covers).toMatch(/^CronJob nightly \(/);
      const [, second] = await children(ns, 2);
      if (second === undefined) throw new Error('another Job is expected');
      const covered = await ns.requestIn('Completed', (await ns.requestOf(second)).metadata.name);
      expect(condition(covered, 'Approved')?.reason).toBe('StandingApproval');
      expect(covered.status?.approvedUnder).toBe(asked.metadata.name);
      const containers = podTemplate({ image: 'registry.example/tool:2' }).template.spec.containers;
      await patch(ns, alice, resources.cronJobs, 'nightly', { spec: { jobTemplate: { spec: { template: { spec: { containers } } } } } });
      const image = (made: KubeObject): unknown =>
        (made['spec'] as { template: { spec: { containers: { image: string }[] } } }).template.spec.containers[0]?.image;
      const changed = await until(
        'a Job of the other image',
        async () =>
          (await ns.admin.list(resources.jobs, { namespace: ns.name })).items.find((made) => image(made) === 'registry.example/tool:2'),
        3 * minutes,
      );
      expect((await ns.requestIn('Reviewing', (await ns.requestOf(changed)).metadata.name)).status?.approvedUnder).toBeUndefined();
      expect(isSuspended(await ns.get(resources.jobs, changed.metadata.name))).toBe(true);
    },
  );
});

cronJobAuthorCases((run) => async () => {
  const ns = await TestNamespace.create('t');
  await run(ns);
  await ns.close();
});
