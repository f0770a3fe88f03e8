import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, vi, type TestContext } from 'vitest';
import { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import { Fence } from '../../../operator/kube/fence.ts';
import { LeaderElection, leaseType } from '../../../operator/kube/leaderElection.ts';
import { NotLeader } from '../../../operator/kube/notLeader.ts';
import { silentLogger } from '../../../operator/telemetry/logger.ts';
import { createMetrics } from '../../../operator/telemetry/metrics.ts';
import { FaultProxy } from '../../fixtures/faultProxy.ts';
import { test } from '../../fixtures/inNamespace.ts';
import { resources, type TestNamespace } from '../../fixtures/world.ts';

/** Concurrent tests cannot use expect.poll. */
const eventually = (holds: () => void) => vi.waitFor(holds, { timeout: 60_000, interval: 10 });
const times = { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 300 };

/** A candidate behind a proxy of its own. */
async function candidate(
  ns: TestNamespace,
  onTestFinished: TestContext['onTestFinished'],
  holderIdentity: string,
  watch: (event: string) => void = () => undefined,
  fenceWith?: (options: ConstructorParameters<typeof Fence>[0]) => Fence,
) {
  const proxy = await FaultProxy.fromKubeconfig(ns.cluster.adminKubeconfig);
  const credentials = { current: () => ({}), invalidate: () => undefined };
  const client = new KubeClient({ cluster: { server: proxy.url, credentials, namespace: ns.name } });
  const election = new LeaderElection({
    client,
    namespace: ns.name,
    name: 'lease',
    holderIdentity,
    ...(fenceWith && { fence: fenceWith({ client, namespace: ns.name, serviceAccount: 'default', annotation }) }),
    ...times,
    onStarted: () => watch(`${holderIdentity} started`),
    onStopped: () => watch(`${holderIdentity} stopped`),
    log: silentLogger(),
    metrics: createMetrics(new Registry()),
  });
  onTestFinished(async () => {
    await proxy.close();
    await election.stop();
    await client.close();
  });
  return { proxy, election, client };
}

const annotation = 'example.com/leader';
const account = { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true };
const named = async (ns: TestNamespace): Promise<string | undefined> =>
  (await ns.admin.get(account, { namespace: ns.name, name: 'default' })).metadata.annotations?.[annotation];
const fenced = (options: ConstructorParameters<typeof Fence>[0]): Fence => new Fence(options);

const holder = async (ns: TestNamespace): Promise<string> => {
  const lease = await ns.admin.get<{ spec: { holderIdentity: string } }>(leaseType, { namespace: ns.name, name: 'lease' });
  return lease.spec.holderIdentity;
};

describe.concurrent('leader election on a real API server', () => {
  test('lets one of several lead, by a lease that names it', async ({ ns, onTestFinished }) => {
    const all = await Promise.all(['a', 'b', 'c'].map((name) => candidate(ns, onTestFinished, name)));
    for (const { election } of all) election.start();
    await eventually(() => expect(all.filter(({ election }) => election.isLeader()).length).toBe(1));
    const leader = all.findIndex(({ election }) => election.isLeader());
    expect(await holder(ns)).toBe(['a', 'b', 'c'][leader]);
  });

  test('hands over at once when the leader stops', async ({ ns, onTestFinished }) => {
    const events: string[] = [];
    const [a, b] = [
      await candidate(ns, onTestFinished, 'a', (event) => events.push(event)),
      await candidate(ns, onTestFinished, 'b', (event) => events.push(event)),
    ];
    a.election.start();
    await eventually(() => expect(a.election.isLeader()).toBe(true));
    b.election.start();
    await a.election.stop();
    expect([a.election.isLeader(), await holder(ns)]).not.toEqual([true, 'a']);
    await eventually(() => expect(b.election.isLeader()).toBe(true));
    expect(events).toEqual(['a started', 'a stopped', 'b started']);
  });

  test('never has two leaders when the first is cut off, and fences the writes of the first', async ({ ns, onTestFinished }) => {
    const events: string[] = [];
    const [a, b] = [
      await candidate(ns, onTestFinished, 'a', (event) => events.push(event)),
      await candidate(ns, onTestFinished, 'b', (event) => events.push(event)),
    ];
    a.election.start();
    await eventually(() => expect(a.election.isLeader()).toBe(true));
    b.election.start();
    a.proxy.hang(true);
    let both = false;
    const sampling = setInterval(() => (both ||= a.election.isLeader() && b.election.isLeader()), 1);
    await eventually(() => expect(b.election.isLeader()).toBe(true));
    clearInterval(sampling);
    expect(both).toBe(false);
    expect(events).toEqual(['a started', 'a stopped', 'b started']);
    a.proxy.hang(false);
    const write = a.client.fenced(a.election.assertLeader).create(resources.configMaps, ns.name, { metadata: { name: 'late' } });
    await expect(write).rejects.toThrow(NotLeader);
    await b.client.fenced(b.election.assertLeader).create(resources.configMaps, ns.name, { metadata: { name: 'fine' } });
  });

  test('begins to lead once the fence names it, puts its name back when somebody takes it away, and takes it away at the end', async ({
    ns,
    onTestFinished,
  }) => {
    await ns.there(account, 'default');
    const namedAtStart: Promise<string | undefined>[] = [];
    const { election } = await candidate(ns, onTestFinished, 'a', (event) => event === 'a started' && namedAtStart.push(named(ns)), fenced);
    election.start();
    await eventually(() => expect(election.isLeader()).toBe(true));
    expect(await Promise.all(namedAtStart)).toEqual(['a']);
    await ns.admin.patch(
      account,
      { namespace: ns.name, name: 'default' },
      { metadata: { annotations: { [annotation]: null } } },
      { type: 'merge' },
    );
    await vi.waitFor(async () => expect(await named(ns)).toBe('a'), { timeout: 60_000 });
    expect(election.isLeader()).toBe(true);
    await election.stop();
    expect(await named(ns)).toBe('');
  });

  test('does not let the fence name one that slept after it took the lease, when another has led since', async ({ ns, onTestFinished }) => {
    await ns.there(account, 'default');
    const events: string[] = [];
    const { promise: asleep, resolve: wake } = Promise.withResolvers<undefined>();
    let outcome: Promise<void> | undefined;
    class Sleeping extends Fence {
      override name(...how: Parameters<Fence['name']>): Promise<void> {
        outcome ??= asleep.then(() => super.name(...how));
        return outcome;
      }
    }
    const a = await candidate(
      ns,
      onTestFinished,
      'a',
      (event) => events.push(event),
      (options) => new Sleeping(options),
    );
    a.election.start();
    await eventually(() => expect(outcome).toBeDefined());
    expect([await holder(ns), a.election.isLeader()]).toEqual(['a', false]);
    const b = await candidate(ns, onTestFinished, 'b', (event) => events.push(event), fenced);
    b.election.start();
    await eventually(() => expect(b.election.isLeader()).toBe(true));
    wake(undefined);
    await expect(outcome).rejects.toThrow(/Conflict|modified/);
    expect(await named(ns)).toBe('b');
    expect(events).toEqual(['b started']);
  });

  test('does not take a lease whose holder still renews it, though its clock is an hour off', async ({ ns, onTestFinished }) => {
    const now = Date.now() - 3_600_000;
    const spec = { holderIdentity: 'other', leaseDurationSeconds: 3, renewTime: new Date(now).toISOString().replace('Z', '000Z') };
    await ns.admin.create(leaseType, ns.name, { metadata: { name: 'lease' }, spec });
    const a = await candidate(ns, onTestFinished, 'a');
    let renewals = 0;
    const renewing = setInterval(() => {
      const renewTime = new Date(now + ++renewals * 1_000).toISOString().replace('Z', '000Z');
      void ns.admin.patch(leaseType, { namespace: ns.name, name: 'lease' }, { spec: { renewTime } }, { type: 'merge' });
    }, 500);
    a.election.start();
    await eventually(() => expect(renewals).toBeGreaterThan(10));
    expect(a.election.isLeader()).toBe(false);
    clearInterval(renewing);
    await eventually(() => expect(a.election.isLeader()).toBe(true));
  });

  test('is over for a process that was stopped longer than its deadline, in the first moment it runs again', async ({
    ns,
    onTestFinished,
  }) => {
    const lines: string[] = [];
    const script = join(import.meta.dirname, '../../fixtures/leaderProcess.ts');
    const child = spawn(process.execPath, [script, ns.cluster.adminKubeconfig, ns.name, 'lease', 'frozen']);
    child.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
    onTestFinished(() => void child.kill('SIGKILL'));
    await eventually(() => expect(lines).toEqual(['started']));
    child.kill('SIGSTOP');
    const b = await candidate(ns, onTestFinished, 'b');
    b.election.start();
    await eventually(() => expect(b.election.isLeader()).toBe(true));
    child.kill('SIGCONT');
    await eventually(() => expect(lines.length).toBeGreaterThanOrEqual(3));
    expect(lines).toContain('woke: does not lead');
    expect(lines.filter((line) => line === 'started')).toHaveLength(1);
    expect(b.election.isLeader()).toBe(true);
  });
});
