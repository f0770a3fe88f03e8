import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OperatorProcess } from '../../hack/platform/operator.ts';
import { FaultyPlatform } from '../fixtures/faultyPlatform.ts';
import { job, matchJobs, oneOf } from '../fixtures/objects.ts';
import { hasEnded, isSuspended, resources, TestNamespace, until } from '../fixtures/world.ts';

let platform: FaultyPlatform;
let operator: OperatorProcess | undefined;
let ns: TestNamespace;

beforeAll(async () => {
  platform = await FaultyPlatform.start();
});

afterAll(async () => {
  await platform.stop();
});

beforeEach(async () => {
  if (operator?.ended() !== false) operator = await platform.operator();
  ns = await TestNamespace.on(platform.cluster, 'down');
  await ns.policy('prod', {
    match: [{ ...matchJobs[0], objectSelector: { matchLabels: { tier: 'prod' } } }],
    stages: [oneOf('any', { user: 'bob' })],
  });
});

const governed = (name: string): object => job(name, { metadata: { labels: { tier: 'prod' } } });

/** What must be so for as long as nobody of ours answers. */
async function theGateStands(): Promise<void> {
  const alice = await ns.as('alice');
  const owner = await ns.as('olga', [], 'owners');
  await alice.create(resources.jobs, ns.name, governed('arrives'));
  expect(isSuspended(await ns.get(resources.jobs, 'arrives'))).toBe(true);
  for (const name of ['held', 'arrives']) {
    for (const who of [alice, owner, ns.admin]) {
      const resume = who.patch(resources.jobs, { namespace: ns.name, name }, { spec: { suspend: false } }, { type: 'merge' });
      await expect(resume).rejects.toThrow(/this Job is held/);
    }
  }
  await alice.create(resources.jobs, ns.name, job('ungoverned'));
  await ns.eventually(resources.jobs, 'ungoverned', 'ended', hasEnded);
  for (const name of ['held', 'arrives']) expect(isSuspended(await ns.get(resources.jobs, name))).toBe(true);
}

async function heldAndAsked() {
  const held = await (await ns.as('alice')).create(resources.jobs, ns.name, governed('held'));
  return ns.requestOf(held);
}

/** What was decided meanwhile takes effect, and what arrived meanwhile is asked for. */
async function goesOn(): Promise<void> {
  await ns.eventually(resources.jobs, 'held', 'ended', hasEnded);
  const arrived = await ns.get(resources.jobs, 'arrives');
  expect((await ns.requestOf(arrived)).spec.subject.resource?.name).toBe('arrives');
  expect(isSuspended(await ns.get(resources.jobs, 'arrives'))).toBe(true);
}

describe('while the operator and its webhooks are', () => {
  it('down, the gate stands, ungoverned work runs, and a decision is kept and takes effect afterwards', async () => {
    const request = await heldAndAsked();
    await operator?.kill('SIGKILL');
    await theGateStands();
    await ns.decide(await ns.as('bob'), 'Approve', [request]);
    operator = await platform.operator();
    await goesOn();
  });

  it('hanging, the same holds', async () => {
    const request = await heldAndAsked();
    await operator?.kill('SIGSTOP');
    await theGateStands();
    await ns.decide(await ns.as('bob'), 'Approve', [request]);
    await operator?.kill('SIGCONT');
    await goesOn();
  });

  it('unable to reach the API server, nothing is released, and it goes on by itself', async () => {
    const request = await heldAndAsked();
    platform.proxy.hang(true);
    await ns.decide(await ns.as('bob'), 'Approve', [request]);
    await theGateStands();
    platform.proxy.hang(false);
    await goesOn();
  });
});

describe('an operator that is told to stop', () => {
  it('gives the lease back, so that another leads at once', async () => {
    const lease = () =>
      ns.admin.get(
        { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true },
        { namespace: 'countersign-system', name: 'countersign-controller' },
      );
    await operator?.stop();
    await until('the lease to be given back', async () =>
      ((await lease())['spec'] as { holderIdentity?: string }).holderIdentity === '' ? true : undefined,
    );
    expect(await operator?.exit).toEqual({ code: 0, signal: null });
  });
});
