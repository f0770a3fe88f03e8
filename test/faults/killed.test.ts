import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperatorProcess } from '../../hack/platform/operator.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { crashAfter, crashBefore } from '../fixtures/faults.ts';
import { FaultyPlatform } from '../fixtures/faultyPlatform.ts';
import { governedJob, matchGovernedJobs, oneOf } from '../fixtures/objects.ts';
import { resources, statusOf, TestNamespace, until } from '../fixtures/world.ts';

/** The writes of a GovernedJob's whole life. When all goes fast the last two may be one: a status that would have said Running says Succeeded. */
const mostWrites = 9;
const certainWrites = 7;

let platform: FaultyPlatform;
let operator: OperatorProcess;

beforeAll(async () => {
  platform = await FaultyPlatform.start();
  operator = await platform.operator();
});

afterAll(async () => {
  await platform.stop();
});

/** One governed Job from its creation to its end, by alice and bob, with the operator started again whenever it was killed. */
async function wholeLife(ns: TestNamespace, isKilled: () => boolean): Promise<{ job: KubeObject; pods: number }> {
  const alice = await ns.as('alice');
  const bob = await ns.as('bob');
  const restarted = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isKilled() && operator.ended()) operator = await platform.operator();
    return work();
  };
  const asked = await alice.create(resources.governedJobs, ns.name, governedJob('migrate'));
  const request = await until('the request to be submitted', () =>
    restarted(async () => (await ns.requestsOf(asked)).find((r) => r.status?.subjectDigest !== undefined)),
  );
  const jobName = await until('the Job to be named', () =>
    restarted(async () => (statusOf(await ns.get(resources.governedJobs, 'migrate'))?.['job'] as { name: string } | undefined)?.name),
  );
  expect((await ns.get(resources.jobs, jobName))['spec']).toMatchObject({ suspend: true });
  await ns.decide(bob, 'Approve', [request]);
  await until('the GovernedJob to succeed', () =>
    restarted(async () => (statusOf(await ns.get(resources.governedJobs, 'migrate'))?.['phase'] === 'Succeeded' ? true : undefined)),
  );
  await until('the request to be completed', () =>
    restarted(async () =>
      statusOf(await ns.get(resources.approvalRequests, request.metadata.name))?.['phase'] === 'Completed' ? true : undefined,
    ),
  );
  const pods = await ns.admin.list(resources.pods, { namespace: ns.name });
  return { job: await ns.get(resources.jobs, jobName), pods: pods.items.length };
}

describe('an operator that is killed', () => {
  for (const [when, fault] of [
    ['before', crashBefore],
    ['after', crashAfter],
  ] as const) {
    it.each(Array.from({ length: mostWrites }, (_, i) => i + 1))(
      `just ${when} its write %i reaches the API server comes to the same end, and the Job runs once`,
      async (nth) => {
        if (operator.ended()) operator = await platform.operator();
        const ns = await TestNamespace.on(platform.cluster, `killed-${when}-${nth}`);
        await ns.policy('two-people', { match: matchGovernedJobs, stages: [oneOf('any', { user: 'bob' })] });
        const isKilled = platform.atWrite(
          nth,
          ns.name,
          fault(() => operator.kill('SIGKILL')),
        );
        const { job, pods } = await wholeLife(ns, isKilled);
        if (nth <= certainWrites) expect(isKilled()).toBe(true);
        expect(pods).toBe(1);
        expect(job.metadata.labels).toMatchObject({ 'countersign.dev/held': 'false' });
        const jobs = await ns.admin.list(resources.jobs, { namespace: ns.name });
        expect(jobs.items).toHaveLength(1);
        const requests = await ns.admin.list(resources.approvalRequests, { namespace: ns.name });
        expect(requests.items).toHaveLength(1);
        await ns.close();
      },
    );
  }
});
