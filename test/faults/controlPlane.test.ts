import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindsAreKnown } from '../../hack/platform/chart.ts';
import { ApiError } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import { FaultyPlatform } from '../fixtures/faultyPlatform.ts';
import { job, matchJobs, oneOf } from '../fixtures/objects.ts';
import { hasEnded, isSuspended, resources, TestNamespace } from '../fixtures/world.ts';

let platform: FaultyPlatform;

beforeAll(async () => {
  platform = await FaultyPlatform.start();
  await platform.operator();
});

afterAll(async () => {
  await platform.stop();
});

/** Tries to resume the Job again and again, also while the API server comes up: what it says whenever it says anything. */
function hammer(who: KubeClient, namespace: string, name: string): { stop: () => Promise<string[]> } {
  const answers: string[] = [];
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      await who
        .patch(resources.jobs, { namespace, name }, { spec: { suspend: false } }, { type: 'merge', timeoutMs: 2_000 })
        .then(() => answers.push('resumed'))
        .catch((error: unknown) => {
          if (error instanceof ApiError) answers.push(error.message);
        });
      await sleep(2);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await loop;
      return answers;
    },
  };
}

describe.each([['kube-apiserver'], ['etcd'], ['both']] as const)('when %s is killed and started again, with fsync on', (which) => {
  it('no acknowledged decision is lost, there is no gap in the guard, and what was approved runs', async () => {
    // It may have been started a moment ago.
    await kindsAreKnown(platform.cluster);
    const ns = await TestNamespace.on(platform.cluster, 'killed');
    await ns.policy('any', { match: matchJobs, stages: [oneOf('any', { user: 'bob' })] });
    const alice = await ns.as('alice');
    const [approved, waiting] = [
      await alice.create(resources.jobs, ns.name, job('approved')),
      await alice.create(resources.jobs, ns.name, job('waiting')),
    ];
    const request = await ns.requestOf(approved);
    await ns.requestOf(waiting);
    const attack = hammer(alice, ns.name, 'waiting');
    const killed = which === 'both' ? (['kube-apiserver', 'etcd'] as const) : ([which] as const);
    const decision = await ns.decide(await ns.as('bob'), 'Approve', [request]);
    for (const name of killed) await platform.cluster.component(name).kill('SIGKILL');
    for (const name of [...killed].reverse()) await platform.cluster.component(name).start();
    await platform.cluster.ready(60_000);
    expect((await ns.get(resources.approvalDecisions, decision.metadata.name)).metadata.uid).toBe(decision.metadata.uid);
    await ns.eventually(resources.jobs, 'approved', 'ended', hasEnded);
    const answers = await attack.stop();
    expect(answers).not.toContain('resumed');
    expect(answers.filter((a) => a.includes('this Job is held')).length).toBeGreaterThan(1);
    expect(isSuspended(await ns.get(resources.jobs, 'waiting'))).toBe(true);
    await ns.close();
  });
});
