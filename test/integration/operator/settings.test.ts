import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { controllerPods } from '../../../hack/platform/chart.ts';
import { startOperator, type OperatorProcess } from '../../../hack/platform/operator.ts';
import { ownPlatform } from '../../fixtures/ownPlatform.ts';
import {
  cronJob,
  isTrue,
  type StoredRequest,
  job,
  matchJobs,
  matchRequests,
  always,
  request,
  resources,
  until,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { crew, override, says } from './overrides.ts';
import { bobOf, financeAgrees, heldJob } from './support.ts';
import { controllerOf, run } from './cronJobRuns.ts';

const { inNamespace, platform } = ownPlatform({
  env: { COUNTERSIGN_RETENTION: '3s', COUNTERSIGN_DEFAULT_TIMEOUT: '36h', COUNTERSIGN_CRONJOB_OPEN_REQUESTS: '2' },
});

const names = async (ns: TestNamespace, of: (typeof resources)['approvalRequests' | 'approvalDecisions']): Promise<string[]> =>
  (await ns.admin.list(of, { namespace: ns.name })).items.map((item) => item.metadata.name);

/** A Job that is refused and forgotten: whatever was due before it has been removed as well. */
async function oneIsForgotten(ns: TestNamespace): Promise<void> {
  const { asked } = await heldJob(ns, { ...job(''), metadata: { generateName: 'forgotten-', labels: { fail: 'yes' } } });
  await ns.decide(await bobOf(ns), 'Reject', [asked]);
  await ns.gone(resources.approvalRequests, asked.metadata.name);
}

describe.concurrent('after `retention`', () => {
  it(
    'a request that is completed is removed, and the decision that is about nothing any more; the Job is left alone',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const { made, asked } = await heldJob(ns, job('wire'));
      const decision = await ns.decide(await bobOf(ns), 'Approve', [asked]);
      await ns.gone(resources.approvalRequests, asked.metadata.name);
      await ns.gone(resources.approvalDecisions, decision.metadata.name);
      await oneIsForgotten(ns);
      expect((await ns.get(resources.jobs, 'wire')).metadata.uid).toBe(made.metadata.uid);
      expect(await names(ns, resources.approvalRequests)).toEqual([]);
    }),
  );

  it(
    'a refused one is removed, and nobody is asked again about the Job that has ended',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const { asked } = await heldJob(ns, job('wire'));
      await ns.decide(await bobOf(ns), 'Reject', [asked]);
      await ns.gone(resources.approvalRequests, asked.metadata.name);
      await oneIsForgotten(ns);
      expect(await names(ns, resources.approvalRequests)).toEqual([]);
      await until('no decision to be left', async () => ((await names(ns, resources.approvalDecisions)).length === 0 ? true : undefined));
    }),
  );

  it(
    'an approved one that has nothing to run is removed',
    inNamespace(async (ns) => {
      await ns.policy('asks', { match: matchRequests, autoApprove: always });
      await (await ns.as('alice')).create(resources.approvalRequests, ns.name, request('run'));
      await ns.gone(resources.approvalRequests, 'run');
    }),
  );

  it(
    'one that is open is kept',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const { asked } = await heldJob(ns, job('wire'));
      await oneIsForgotten(ns);
      await oneIsForgotten(ns);
      expect(await names(ns, resources.approvalRequests)).toEqual([asked.metadata.name]);
    }),
  );

  it(
    'one whose work is still held is kept until the work is gone: otherwise people would be asked again',
    inNamespace(async (ns) => {
      const of = (key: string) => [{ ...matchJobs[0], objectSelector: { matchLabels: { [key]: 'yes' } } }];
      await ns.policy('keep', { ...financeAgrees, match: of('keep'), onRefusal: 'Keep' });
      await ns.policy('fail', { ...financeAgrees, match: of('fail') });
      const { asked } = await heldJob(ns, job('wire', { metadata: { labels: { keep: 'yes' } } }));
      const decision = await ns.decide(await bobOf(ns), 'Reject', [asked]);
      await ns.requestIn('Rejected', asked.metadata.name);
      await oneIsForgotten(ns);
      await oneIsForgotten(ns);
      expect(await names(ns, resources.approvalRequests)).toEqual([asked.metadata.name]);
      expect(await names(ns, resources.approvalDecisions)).toContain(decision.metadata.name);
      await (await ns.as('alice')).delete(resources.jobs, { namespace: ns.name, name: 'wire' });
      await ns.gone(resources.approvalRequests, asked.metadata.name);
    }),
  );

  it(
    'one that was overridden is kept until somebody has reviewed that, and then no longer than others',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const { eve, mia } = await crew(ns);
      const { asked } = await heldJob(ns, job('wire'));
      for (const who of [eve, mia]) await override(ns, who, asked);
      const done = await ns.requestIn('Completed', asked.metadata.name);
      await oneIsForgotten(ns);
      await oneIsForgotten(ns);
      expect(await names(ns, resources.approvalRequests)).toEqual([asked.metadata.name]);
      await says(ns, await bobOf(ns), 'Review', done);
      await ns.gone(resources.approvalRequests, asked.metadata.name);
      await until('no decision to be left', async () => ((await names(ns, resources.approvalDecisions)).length === 0 ? true : undefined));
    }),
  );
});

describe.concurrent('other settings', () => {
  it(
    '`default_timeout` is how long a request waits when neither it nor a policy says',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const { status } = (await heldJob(ns, job('wire'))).asked;
      expect(Date.parse(status?.expiresAt ?? '') - Date.parse(status?.submittedAt ?? '')).toBe(36 * 3_600_000);
    }),
  );

  it(
    '`cronjob_open_requests` is how many requests a CronJob may have open at a time',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const alice = await ns.as('alice');
      const often = await alice.create(resources.cronJobs, ns.name, cronJob('often', { spec: { suspend: true } }));
      const controller = await controllerOf(ns);
      const made = await Promise.all(['one', 'two', 'three', 'four'].map((name) => run(ns, controller, often, name)));
      const open = async (): Promise<StoredRequest[]> =>
        (await Promise.all(made.map((each) => ns.requestsOf(each)))).flat().filter((r) => !isTrue(r, 'Settled'));
      const two = (what: string, without: readonly string[]): Promise<StoredRequest[]> =>
        until(what, async () => {
          const found = await open();
          const fits =
            found.length === 2 && found.every((r) => r.status?.subjectDigest !== undefined && !without.includes(r.metadata.name));
          return fits ? found : undefined;
        });
      const first = await two('two requests', []);
      expect(first.map((r) => r.spec.operation)).toEqual(['often', 'often']);
      // Other work has passed through the same queue: a third would have been asked about by now.
      await heldJob(ns, job('other'));
      expect((await open()).map((r) => r.metadata.name)).toEqual(first.map((r) => r.metadata.name));
      const [rejected, deleted] = first;
      if (rejected === undefined || deleted === undefined) throw new Error('two requests are expected');
      await ns.decide(await bobOf(ns), 'Reject', [rejected]);
      await two('a third request for the one that is rejected', [rejected.metadata.name]);
      await alice.delete(resources.jobs, { namespace: ns.name, name: deleted.spec.subject.resource?.name ?? '' });
      await two('a fourth request for the one that is deleted', [rejected.metadata.name, deleted.metadata.name]);
    }),
  );
});

describe('beyond the most that one namespace may keep', () => {
  let other: OperatorProcess | undefined;
  afterAll(() => other?.stop());

  it(
    'the oldest settled requests are removed, however long they might be kept, but for an override that nobody has reviewed',
    inNamespace(async (ns) => {
      const { cluster, operator, admissionPort } = platform();
      await operator.stop();
      const [pod] = await controllerPods(cluster, 1);
      if (pod === undefined) throw new Error('the chart has no controller pod');
      const env = { COUNTERSIGN_RETENTION: '24h', COUNTERSIGN_RETENTION_PER_NAMESPACE: '2' };
      other = await startOperator(cluster, { dir: join(cluster.dir, 'second'), pod, admissionPort, env });
      await other.ready();
      await ns.policy('pay', financeAgrees);
      const { eve, mia } = await crew(ns);
      const overridden = await heldJob(ns, job('overridden'));
      for (const who of [eve, mia]) await override(ns, who, overridden.asked);
      const unreviewed = await ns.requestIn('Completed', overridden.asked.metadata.name);
      const asked: string[] = [];
      for (const name of ['one', 'two', 'three', 'four']) {
        const held = await heldJob(ns, job(name));
        asked.push(held.asked.metadata.name);
        await ns.decide(await bobOf(ns), 'Reject', [held.asked]);
        await ns.requestIn('Rejected', held.asked.metadata.name);
        // Settled in different seconds, so that it is known which are the oldest.
        await new Promise((resolve) => setTimeout(resolve, 1_100));
      }
      for (const name of asked.slice(0, 2)) await ns.gone(resources.approvalRequests, name);
      const kept = [...asked.slice(2), unreviewed.metadata.name];
      expect((await names(ns, resources.approvalRequests)).sort()).toEqual(kept.sort());
      // Once it is reviewed it is one of the others, and the newest of them.
      await says(ns, await bobOf(ns), 'Review', unreviewed);
      await ns.gone(resources.approvalRequests, asked[2] ?? '');
      expect((await names(ns, resources.approvalRequests)).sort()).toEqual([asked[3], unreviewed.metadata.name].sort());
    }),
  );
});
