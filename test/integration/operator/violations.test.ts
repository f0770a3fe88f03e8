import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { annotations } from '../../../crds/v1alpha1/index.ts';
import { test } from '../../fixtures/inNamespace.ts';
import { kubectl, type Ran } from '../../fixtures/kubectl.ts';
import {
  condition,
  governedJob,
  isTrue,
  matchGovernedJobs,
  matchRequests,
  oneOf,
  request,
  resources,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { patch } from './support.ts';

const match = [...matchGovernedJobs, ...matchRequests];
const stages = [oneOf('finance', { group: 'finance' })];
const amounts = { match, stages, validations: [{ expression: 'context.amount <= 1000', message: 'nobody pays more than 1000 at once' }] };

/** `kubectl apply`, as alice. */
async function apply(ns: TestNamespace, manifest: object, ...args: string[]): Promise<Ran> {
  const dir = mkdtempSync(join(tmpdir(), 'countersign-apply-'));
  const file = join(dir, 'manifest.json');
  writeFileSync(file, JSON.stringify(manifest));
  try {
    return await kubectl(ns.cluster.kubectl, await ns.kubeconfig('alice', ['dev']), ['apply', '-n', ns.name, '-f', file, ...args]);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const asks = (amount: number, more: object = {}): object => request('pay', { context: { amount }, ...more });
const plans = (amount: number, more: object = {}): object => governedJob('pay', { parameters: { amount }, ...more });
const inNameOf = (who: string, manifest: object): object => {
  const { metadata, ...rest } = manifest as { metadata: object };
  return { ...rest, metadata: { ...metadata, annotations: { [annotations.onBehalfOf]: who } } };
};

const admissionSaid = /admission webhook "(requests|governedjobs)\.countersign\.dev" denied the request: /;

/** That it is refused, and in these words. */
async function refusedWith(ns: TestNamespace, manifest: object, words: string): Promise<void> {
  const { code, stderr } = await apply(ns, manifest);
  expect(stderr).toContain(words);
  expect(stderr).toMatch(admissionSaid);
  expect(code).not.toBe(0);
}

describe.concurrent('whoever applies what breaks a policy is told at once, in its own words', () => {
  test.for<[string, (amount: number) => object]>([
    ['an ApprovalRequest', asks],
    ['a GovernedJob', plans],
  ])('of %s; nothing is stored; what keeps the rule is taken', async ([, of], { ns }) => {
    await ns.policy('pay', amounts);
    await refusedWith(ns, of(1001), 'ApprovalPolicy pay: nobody pays more than 1000 at once');
    expect((await apply(ns, of(1001), '--dry-run=server')).stderr).toMatch(admissionSaid);
    for (const kind of [resources.approvalRequests, resources.governedJobs])
      expect((await ns.admin.list(kind, { namespace: ns.name })).items).toEqual([]);
    expect((await apply(ns, of(1000))).code).toBe(0);
  });

  test('of what a policy of the cluster says of the namespace, the object and who asks', async ({ ns }) => {
    await ns.clusterPolicy(`${ns.name}-all`, {
      match,
      stages,
      validations: [
        {
          expression: `namespaceObject.metadata.name != '${ns.name}' || requester.username != 'alice'`,
          message: 'alice asks for nothing here',
        },
        { expression: "!has(object.metadata.labels) || !('tier' in object.metadata.labels)", message: 'no tiers' },
      ],
    } as Parameters<TestNamespace['clusterPolicy']>[1]);
    await refusedWith(ns, asks(1), `ClusterApprovalPolicy ${ns.name}-all: alice asks for nothing here`);
  });

  test('of a reason and a ticket that are wanted', async ({ ns }) => {
    await ns.policy('pay', { match, stages, request: { reason: { required: true }, ticket: { required: true, pattern: '^CHG-' } } });
    await refusedWith(ns, asks(1, { reason: 'rent' }), 'ApprovalPolicy pay: spec.ticket ');
    await refusedWith(ns, plans(1, { reason: 'rent', ticket: 'REQ-1' }), 'ApprovalPolicy pay: spec.ticket ');
    expect((await apply(ns, asks(1, { reason: 'rent', ticket: 'CHG-1' }))).code).toBe(0);
  });

  test('of asking in the name of somebody without being trusted to', async ({ ns }) => {
    await ns.policy('pay', { match, stages });
    for (const manifest of [asks(1), plans(1)])
      await refusedWith(ns, inNameOf('carol', manifest), 'on-behalf-of names carol, but alice may not ask for others');
  });

  test('of an edit; but nobody is kept from cancelling, nor from writing a draft', async ({ ns }) => {
    await ns.policy('pay', amounts);
    const alice = await ns.as('alice', ['dev']);
    await alice.create(resources.approvalRequests, ns.name, asks(1));
    await alice.create(resources.approvalRequests, ns.name, request('draft', { draft: true, context: { amount: 5000 } }));
    const spec = { context: { amount: 5000 } };
    await expect(patch(ns, alice, resources.approvalRequests, 'pay', { spec })).rejects.toThrow(admissionSaid);
    await expect(patch(ns, alice, resources.approvalRequests, 'draft', { spec: { draft: false } })).rejects.toThrow(admissionSaid);
    await patch(ns, alice, resources.approvalRequests, 'pay', { spec: { cancelled: true, ...spec } });
  });
});

describe.concurrent('whoever applies what is not certain to break a policy', () => {
  test('is let in by one that only audits', async ({ ns }) => {
    await ns.policy('pay', { ...amounts, enforcement: 'Audit' });
    expect((await apply(ns, asks(1001))).code).toBe(0);
    expect((await apply(ns, plans(1001))).code).toBe(0);
  });

  test('is let in where a rule reads what only the operator knows, and then refused by it', async ({ ns }) => {
    const validations = [{ expression: "now < timestamp('2020-01-01T00:00:00Z')", message: 'too late' }];
    await ns.policy('pay', { match, stages, validations });
    expect((await apply(ns, asks(1))).code).toBe(0);
    const seen = await ns.request('pay', 'settled', (r) => isTrue(r, 'Settled'));
    expect(condition(seen, 'Approved')).toMatchObject({ reason: 'PolicyViolation', message: 'ApprovalPolicy pay: too late' });
  });

  test('is let in where a rule fails, and held', async ({ ns }) => {
    await ns.policy('pay', { ...amounts, validations: [{ expression: 'context.customer.vip', message: 'only for these' }] });
    expect((await apply(ns, asks(1))).code).toBe(0);
    const seen = await ns.request('pay', 'looked at', (r) => condition(r, 'Valid') !== undefined);
    expect(condition(seen, 'Valid')).toMatchObject({ status: 'False', reason: 'ExpressionFailed' });
    expect(isTrue(seen, 'Settled')).toBe(false);
  });

  test('is refused no more the moment a rule is loosened', async ({ ns }) => {
    await ns.policy('pay', amounts);
    await refusedWith(ns, asks(1001), 'nobody pays more than 1000 at once');
    const spec = { validations: [{ expression: 'context.amount <= 2000', message: 'nobody pays more than 2000 at once' }] };
    await patch(ns, ns.admin, resources.approvalPolicies, 'pay', { spec });
    expect((await apply(ns, asks(1001))).code).toBe(0);
  });
});
