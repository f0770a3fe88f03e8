import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { controllerPods, helm, systemNamespace } from '../../hack/platform/chart.ts';
import { freePort } from '../../hack/cluster/ports.ts';
import { startOperator, type OperatorProcess } from '../../hack/platform/operator.ts';
import { installPlatform, startPlatform, type Platform } from '../../hack/platform/platform.ts';
import type { ResourceType } from '../../operator/kube/client/types.ts';
import { job, matchJobs, oneOf } from '../fixtures/objects.ts';
import { hasEnded, isSuspended, resources, TestNamespace } from '../fixtures/world.ts';

// The API server stops to follow a policy's parameter when the last policy with one of its kind goes. See ADR 6.

const dir = mkdtempSync(join(tmpdir(), 'countersign-taken-away-'));
let platform: Platform;
let operator: OperatorProcess;
let ns: TestNamespace;

beforeAll(async () => {
  platform = await startPlatform({ dir, fsync: false });
  operator = platform.operator;
  ns = await TestNamespace.on(platform.cluster, 'away');
  await ns.policy('any', { match: matchJobs, stages: [oneOf('any', { user: 'bob' })] });
});

afterAll(async () => {
  await operator.stop();
  await platform.stop();
  rmSync(dir, { recursive: true, force: true });
});

const bindings: ResourceType = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
  namespaced: false,
};
/** The API server looks at its policies once a second. */
const noticedMs = 3_000;

/** Takes the chart's validating guards off, until the returned function puts them back. */
async function unbindAll(): Promise<() => Promise<void>> {
  const { items } = await ns.admin.list(bindings, { labelSelector: 'countersign.dev/guard=static' });
  expect(items.map(({ metadata }) => metadata.name)).toContain('countersign-operator-fence-jobs');
  for (const { metadata } of items) await ns.admin.delete(bindings, { name: metadata.name });
  await sleep(noticedMs);
  return async () => {
    for (const { metadata, ...rest } of items) {
      const { name, labels, annotations } = metadata;
      await ns.admin.create(bindings, undefined, { ...rest, metadata: { name, labels, annotations } });
    }
    await sleep(noticedMs);
  };
}

async function approvedRuns(name: string): Promise<void> {
  const held = await (await ns.as('alice')).create(resources.jobs, ns.name, job(name));
  expect(isSuspended(held)).toBe(true);
  await ns.decide(await ns.as('bob'), 'Approve', [await ns.requestOf(held)]);
  await ns.eventually(resources.jobs, name, 'ended', hasEnded);
}

describe('work is released', () => {
  it('after the guards were taken away and put back, by a leader that is new since', async () => {
    await approvedRuns('before');
    const putBack = await unbindAll();
    await operator.stop();
    await putBack();
    // Another pod of the chart: one that the API server has never seen lead.
    const [, pod = ''] = await controllerPods(platform.cluster, 2);
    const env = { COUNTERSIGN_HOLD_MODE: 'MutatingAdmissionPolicy' };
    operator = await startOperator(platform.cluster, { dir: join(dir, 'next'), pod, admissionPort: await freePort(), env });
    await operator.ready();
    await approvedRuns('afterwards');
  });

  it('after the chart was uninstalled and installed again on the same API server', async () => {
    await helm(platform.cluster, ['uninstall', 'countersign', '--namespace', systemNamespace, '--no-hooks']);
    await operator.kill('SIGKILL');
    await sleep(noticedMs);
    ({ operator } = await installPlatform(platform.cluster, { dir: join(dir, 'again') }));
    await approvedRuns('installed-again');
  });
});
