import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import { approvalDelegations } from '../../../crds/v1alpha1/resources.ts';
import { isSuspended, job, resources, TestNamespace, type StoredRequest } from '../../fixtures/world.ts';
import { install, type Ended, type Installed } from './command.ts';

let ns: TestNamespace;
let plugin: Installed;
let alice: KubeClient;
let dir: string;
const people: Record<string, (...args: string[]) => Promise<Ended>> = {};
const as = (who: string, ...args: string[]): Promise<Ended> => people[who]!(...args);

const context = (amount: number): object => ({
  annotations: { 'countersign.dev/context': JSON.stringify({ amount }), 'countersign.dev/operation': 'pay' },
});
const held = async (name: string, metadata: object, more: object = {}): Promise<StoredRequest> =>
  ns.requestOf(await alice.create(resources.jobs, ns.name, job(name, { metadata, ...more })));

const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

const stages = (count: number): object[] => [{ name: 'finance', require: [{ count, from: [{ group: 'finance' }, { user: 'carol' }] }] }];
const match = [{ apiGroups: ['batch'], kinds: ['Job'], objectSelector: { matchExpressions: [{ key: 'free', operator: 'DoesNotExist' }] } }];
const validations = [{ expression: '!has(context.amount) || context.amount <= 1000.0', message: 'more than 1000 is never paid' }];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kubectl-approve-rules-'));
  ns = await TestNamespace.create('plugin-rules');
  alice = await ns.as('alice', ['dev']);
  await ns.policy('tiers', { match, validations, stages: stages(1) });
  plugin = await install(ns);
  for (const [who, groups] of Object.entries({ alice: ['dev'], bob: ['finance'], carol: [], dave: [] })) {
    people[who] = plugin.as(await ns.cluster.userKubeconfig(who, [`${ns.name}:staff`, ...groups]), ns.name);
  }
});

afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  plugin.remove();
  await ns.close();
});

describe('kubectl approve, in batches', () => {
  it('shows what is unusual, sends nothing without a confirmation, and then decides on all that fits with one decision', async () => {
    const labels = { run: 'batch' };
    await held('batch-1', { ...context(10), labels });
    await held('batch-2', { ...context(10), labels });
    await held('batch-3', { ...context(10), labels }, { image: 'registry.example/other:1' });
    await held('alone', context(10));
    const preview = await as('bob', '-l', 'run=batch');
    expect(preview).toMatchObject({ code: 2, err: expect.stringContaining('There is no terminal on which to confirm') });
    expect(preview.out).toMatch(/^NAME +OPERATION +IMAGES +REQUESTER +CONTEXT +RISK +UNUSUAL\n/);
    expect(preview.out).toContain('image registry.example/other:1 (the others: ');
    expect((await ns.admin.list(resources.approvalDecisions, { namespace: ns.name })).items).toEqual([]);
    const { code, out } = await as('bob', '-l', 'run=batch', '--yes', '-m', 'all fine');
    expect({ code, approved: out.match(/ approved by bob /g)?.length }).toEqual({ code: 0, approved: 3 });
    const { items } = await ns.admin.list(resources.approvalDecisions, { namespace: ns.name });
    expect(items).toHaveLength(1);
    expect(isSuspended(await ns.get(resources.jobs, 'alone'))).toBe(true);
    expect(await as('dave', '--operation', 'pay', '--yes')).toMatchObject({
      code: 0,
      err: expect.stringContaining('You (dave) are not among those'),
    });
  });
});

describe('kubectl approve simulate', () => {
  const manifest = (amount: number, more = ''): string =>
    JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', ...job(`simulated${more}`, { metadata: context(amount) }) });

  it('says what the policies would ask, with defaults by the API server, and creates nothing', async () => {
    const { code, out } = await as('alice', 'simulate', '-f', file('small.json', manifest(10)));
    expect(out).toContain('It would be held and wait for 1 approval.');
    expect(out).toContain(`by ApprovalPolicy ${ns.name}/tiers`);
    expect(out).not.toContain('defaults are not applied');
    expect(code).toBe(0);
    expect(await as('alice', 'simulate', '-f', file('large.json', manifest(5000)))).toMatchObject({
      code: 1,
      out: expect.stringContaining('more than 1000 is never paid'),
    });
    const { items } = await ns.admin.list(resources.jobs, { namespace: ns.name });
    expect(items.map((j) => j.metadata.name)).not.toContain('simulated');
  });

  it('says which open requests a policy would change, and how', async () => {
    const request = await held('open', context(20));
    const policy = { apiVersion: 'countersign.dev/v1alpha1', kind: 'ApprovalPolicy', metadata: { name: 'tiers', namespace: ns.name } };
    const stricter = file('stricter.json', JSON.stringify({ ...policy, spec: { match, validations, stages: stages(2) } }));
    const { code, out } = await as('bob', 'simulate', '--policy', stricter, '-o', 'json');
    expect(code).toBe(0);
    const [result] = (JSON.parse(out) as { results: { requests: { name: string; effect: string; changes: string[] }[] }[] }).results;
    expect(result!.requests.find((r) => r.name === request.metadata.name)).toMatchObject({
      effect: 'tightened',
      changes: [expect.stringContaining('asks in addition: stage finance, 2 approvals')],
    });
    const broken = file(
      'broken.json',
      JSON.stringify({ ...policy, spec: { match, validations: [{ expression: 'context.', message: 'x' }] } }),
    );
    expect(await as('bob', 'simulate', '--policy', broken)).toMatchObject({ code: 1, err: expect.stringMatching(/validations/) });
  });
});

describe('kubectl approve why', () => {
  it('names who may decide in somebody’s stead, and tells them so', async () => {
    const request = await held('delegated', context(30));
    const carol = await ns.as('carol');
    await ns.grant('delegating', [{ apiGroups: ['countersign.dev'], resources: ['approvaldelegations'], verbs: ['*'] }], ['carol', 'dave']);
    await carol.create(approvalDelegations, ns.name, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'ApprovalDelegation',
      metadata: { name: 'away' },
      spec: { from: 'carol', to: 'dave', when: 'context.amount < 100.0' },
    });
    const { out } = await as('dave', 'why', 'delegated');
    expect(out).toContain('also, in their stead: dave for carol');
    expect(out).toContain('You (dave) can give it for carol, in stage finance');
    expect((await as('dave', 'list', '--mine', '-o', 'name')).out).toContain(request.metadata.name);
    expect(out).not.toContain('circle');
    await (
      await ns.as('dave')
    ).create(approvalDelegations, ns.name, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'ApprovalDelegation',
      metadata: { name: 'back' },
      spec: { from: 'dave', to: 'carol' },
    });
    const circle = 'Delegations lead in a circle: carol → dave → carol';
    expect((await as('dave', 'why', 'delegated')).out).toContain(`Note: ${circle}`);
    expect((await as('dave', 'describe', request.metadata.name)).out).toContain(`- ${circle}`);
    expect((await as('dave', 'delegated')).code).toBe(0);
    expect((await as('alice', 'describe', request.metadata.name)).out).toContain('dave for carol');
  });
});

describe('kubectl approve bypass', () => {
  it('needs to list the RBAC of the cluster, and names who could get past', async () => {
    expect(await as('alice', 'bypass')).toMatchObject({ code: 1, err: expect.stringContaining('you may not list, in all namespaces: ') });
    const { code, out } = await plugin.kubectl(ns.cluster.adminKubeconfig, 'approve', 'bypass', '-o', 'json');
    expect(code).toBe(0);
    const { findings } = JSON.parse(out) as { findings: { id: string; who: { name: string; where: string[] }[] }[] };
    const pods = findings.find((f) => f.id === 'pods');
    expect(pods?.who.map((w) => w.name)).not.toContain('system:masters');
    // The policy holds Jobs of this namespace, and staff may create pods in it.
    expect(pods?.who).toContainEqual(expect.objectContaining({ name: `${ns.name}:staff`, where: [ns.name] }));
  });
});
