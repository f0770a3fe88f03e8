import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperatorProcess } from '../../hack/platform/operator.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { crashAfter, crashBefore } from '../fixtures/faults.ts';
import { FaultyPlatform } from '../fixtures/faultyPlatform.ts';
import { HttpsPeer } from '../fixtures/httpsPeer.ts';
import { governedJob, matchGovernedJobs, oneOf } from '../fixtures/objects.ts';
import { resources, statusOf, TestNamespace, until } from '../fixtures/world.ts';

/** The writes of a life with a pre-action, a Job that fails, its rollback and a call at the end. Towards the end some may be one, when all goes fast. */
const mostWrites = 18;
const certainWrites = 12;

let platform: FaultyPlatform;
let peer: HttpsPeer;
let operator: OperatorProcess;

beforeAll(async () => {
  peer = await HttpsPeer.start();
  platform = await FaultyPlatform.start();
  operator = await start();
});

afterAll(async () => {
  await platform.stop();
  await peer.stop();
});

const start = (): Promise<OperatorProcess> => platform.operator(0, { COUNTERSIGN_HTTP_ALLOW: peer.host, COUNTERSIGN_HTTP_CA: peer.ca });

const fails = { podAnnotations: { 'kwok.countersign.dev/outcome': 'fail' } };
const jobTemplate = (governedJob('') as { spec: { jobTemplate: object } }).spec.jobTemplate;
const withActions = (path: string): object =>
  governedJob(
    'migrate',
    {
      preActions: [{ name: 'backup', jobTemplate }],
      rollback: { jobTemplate },
      postActions: [{ name: 'report', retries: 3, http: { url: peer.url(path) } }],
    },
    fails,
  );

/** One GovernedJob from its creation to its end, by alice and bob, with the operator started again whenever it was killed. */
async function wholeLife(ns: TestNamespace): Promise<KubeObject> {
  const restarted = async <T>(work: () => Promise<T>): Promise<T> => {
    if (operator.ended()) operator = await start();
    return work();
  };
  const made = await (await ns.as('alice')).create(resources.governedJobs, ns.name, withActions(`/${ns.name}`));
  const request = await until('the request to be submitted', () =>
    restarted(async () => (await ns.requestsOf(made)).find((r) => r.status?.subjectDigest !== undefined)),
  );
  await ns.decide(await ns.as('bob'), 'Approve', [request]);
  return until('the GovernedJob to be rolled back', () =>
    restarted(async () => {
      const found = await ns.get(resources.governedJobs, 'migrate');
      return statusOf(found)?.['phase'] === 'RolledBack' ? found : undefined;
    }),
  );
}

/** How many pods each Job had. */
async function runs(ns: TestNamespace): Promise<Record<string, number>> {
  const [jobs, pods] = await Promise.all([resources.jobs, resources.pods].map((of) => ns.admin.list(of, { namespace: ns.name })));
  const stageOf = (uid: string | undefined) =>
    jobs?.items.find((job) => job.metadata.uid === uid)?.metadata.labels?.['countersign.dev/stage'] ?? 'main';
  const count: Record<string, number> = {};
  for (const pod of pods?.items ?? []) {
    const stage = stageOf(pod.metadata.ownerReferences?.[0]?.uid);
    count[stage] = (count[stage] ?? 0) + 1;
  }
  return { ...count, jobs: jobs?.items.length ?? 0 };
}

describe('an operator that is killed in a life with actions', () => {
  for (const [when, fault] of [
    ['before', crashBefore],
    ['after', crashAfter],
  ] as const) {
    it.each(Array.from({ length: mostWrites }, (_, i) => i + 1))(
      `just ${when} its write %i comes to the same end: every Job runs once, and a call that is repeated has the same id`,
      async (nth) => {
        if (operator.ended()) operator = await start();
        const ns = await TestNamespace.on(platform.cluster, `actions-${when}-${nth}`);
        await ns.policy('one-person', { match: matchGovernedJobs, stages: [oneOf('any', { user: 'bob' })] });
        const isKilled = platform.atWrite(
          nth,
          ns.name,
          fault(() => operator.kill('SIGKILL')),
        );
        await wholeLife(ns);
        if (nth <= certainWrites) expect(isKilled()).toBe(true);
        expect(await runs(ns)).toEqual({ main: 1, Pre: 1, Rollback: 1, jobs: 3 });
        expect((await ns.admin.list(resources.approvalRequests, { namespace: ns.name })).items).toHaveLength(1);
        const ids = peer.calls.filter((call) => call.path === `/${ns.name}`).map((call) => call.headers['webhook-id']);
        expect(new Set(ids).size).toBe(1);
        await ns.close();
      },
    );
  }
});
