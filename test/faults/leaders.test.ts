import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorToken } from '../../hack/cluster/cluster.ts';
import { systemNamespace } from '../../hack/platform/chart.ts';
import type { OperatorProcess } from '../../hack/platform/operator.ts';
import { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import { FaultyPlatform } from '../fixtures/faultyPlatform.ts';
import { job, matchJobs, oneOf } from '../fixtures/objects.ts';
import { hasEnded, isSuspended, resources, TestNamespace, until } from '../fixtures/world.ts';

let platform: FaultyPlatform;
let first: OperatorProcess;
let ns: TestNamespace;

beforeAll(async () => {
  platform = await FaultyPlatform.start();
  first = await platform.operator(0);
  await until('the first operator to lead', async () => ((await holder()) === platform.pod(0) ? true : undefined));
  await platform.operator(1);
  ns = await TestNamespace.on(platform.cluster, 'leaders');
  await ns.policy('any', { match: matchJobs, stages: [oneOf('any', { user: 'bob' })] });
});

afterAll(async () => {
  await ns.close();
  await platform.stop();
});

const leases = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true };

async function holder(): Promise<string | undefined> {
  const admin = (ns as TestNamespace | undefined)?.admin ?? (await TestNamespace.on(platform.cluster, 'lease')).admin;
  const lease = await admin.get(leases, { namespace: systemNamespace, name: 'countersign-controller' });
  return (lease['spec'] as { holderIdentity?: string }).holderIdentity;
}

/** What a pod of the operator may still write, with its own token. */
async function asPod(replica: 0 | 1): Promise<KubeClient> {
  const token = await operatorToken(platform.cluster, {
    namespace: systemNamespace,
    serviceAccount: 'countersign',
    podName: platform.pod(replica),
  });
  const credentials = { current: () => ({ authorization: `Bearer ${token}` }), invalidate: () => undefined };
  return new KubeClient({ cluster: { ...ns.admin.cluster, credentials } });
}

describe('two operators', () => {
  it('of which the leader is stopped, superseded and continued release work once, and the old one is refused by the API server', async () => {
    const alice = await ns.as('alice');
    const held = await alice.create(resources.jobs, ns.name, job('once'));
    const request = await ns.requestOf(held);
    await first.kill('SIGSTOP');
    await until('the second operator to lead', async () => ((await holder()) === platform.pod(1) ? true : undefined), 60_000);
    await ns.decide(await ns.as('bob'), 'Approve', [request]);
    await first.kill('SIGCONT');
    await ns.eventually(resources.jobs, 'once', 'ended', hasEnded);
    const pods = await ns.admin.list(resources.pods, { namespace: ns.name });
    expect(pods.items).toHaveLength(1);
    expect(first.ended()).toBe(false);

    // Whatever the old leader still had in its hands: the API server knows who leads.
    const other = await alice.create(resources.jobs, ns.name, job('fenced'));
    await ns.requestOf(other);
    const release = {
      metadata: {
        labels: { 'countersign.dev/held': 'false' },
        annotations: { 'countersign.dev/released': `v1:sha256:${'0'.repeat(64)}`, 'countersign.dev/request': 'x' },
      },
      spec: { suspend: false },
    };
    const old = await asPod(0);
    await expect(old.patch(resources.jobs, { namespace: ns.name, name: 'fenced' }, release, { type: 'merge' })).rejects.toThrow(
      /only the operator that leads/,
    );
    expect(isSuspended(await ns.get(resources.jobs, 'fenced'))).toBe(true);
    // The same write by the one that leads is accepted: it is the lease that refused, nothing else.
    const leader = await asPod(1);
    await leader.patch(resources.jobs, { namespace: ns.name, name: 'fenced' }, release, { type: 'merge', dryRun: true });
    await old.close();
    await leader.close();
  });
});
