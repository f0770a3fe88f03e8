import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import { governedJob, hasEnded, isSuspended, job, resources, TestNamespace, until, type StoredRequest } from '../../fixtures/world.ts';
import { install, type Ended, type Installed } from './command.ts';

let ns: TestNamespace;
let plugin: Installed;
let alice: KubeClient;
let dir: string;
const kubeconfigs: Record<string, string> = {};
const as = (who: string, ...args: string[]): Promise<Ended> => plugin.as(kubeconfigs[who]!, ns.name)(...args);
const held = async (name: string): Promise<StoredRequest> => ns.requestOf(await alice.create(resources.jobs, ns.name, job(name)));

/** Everybody has one role of the chart, and may do nothing besides. */
const roles = {
  anna: 'countersign-approver',
  axel: 'countersign-approver',
  arno: 'countersign-approver',
  olga: 'countersign-override',
  otto: 'countersign-override',
  omar: 'countersign-override',
  rosa: 'countersign-reassign',
  paul: 'countersign-policy-author',
  vera: 'countersign-viewer',
} as const;

const match = [
  { apiGroups: ['batch'], kinds: ['Job'] },
  { apiGroups: ['countersign.dev'], kinds: ['GovernedJob'] },
];
const users = (...names: string[]): object[] => names.map((user) => ({ user }));
const stages = (...from: string[]): object[] => [
  { name: 'finance', require: [{ count: from.length, from: users(...from) }], reassignTo: users('arno') },
];
const anew = '(computed anew from what is stored: the same)';

/** A binding of a role of the chart, to one person of this namespace alone. */
const binding = (name: string, who: string): object => ({
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roles[who as keyof typeof roles] },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: `${ns.name}:${who}` }],
});

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kubectl-approve-roles-'));
  ns = await TestNamespace.create('plugin-roles');
  alice = await ns.as('alice');
  await ns.policy('tiers', { match, stages: stages('anna', 'axel') });
  plugin = await install(ns);
  for (const who of Object.keys(roles)) {
    // Policies of the cluster and Approvers are in no namespace, so a viewer of them is bound everywhere.
    if (who === 'vera') await ns.admin.create(resources.clusterRoleBindings, undefined, binding(`${ns.name}-${who}`, who));
    else await ns.admin.create(resources.roleBindings, ns.name, binding(who, who));
    kubeconfigs[who] = await ns.cluster.userKubeconfig(who, [`${ns.name}:${who}`]);
    await until(`${who} to have a role`, async () => ((await as(who, 'list')).code === 0 ? true : undefined));
  }
});

afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  plugin.remove();
  await ns.admin.delete(resources.clusterRoleBindings, { name: `${ns.name}-vera` });
  await ns.close();
});

describe("with nothing but the chart's roles", () => {
  it('approvers find what waits for them, see what would run, and let it go', async () => {
    const request = await held('wire');
    expect((await as('anna', 'list', '--mine', '-o', 'name')).out).toContain(request.metadata.name);
    expect((await as('anna', 'describe', 'wire')).out).toContain('registry.example/tool:1');
    expect(await as('anna', 'job/wire')).toMatchObject({ code: 0, out: expect.stringContaining(anew) });
    expect(await as('axel', 'wire')).toMatchObject({ code: 0, out: expect.stringContaining(anew) });
    await ns.eventually(resources.jobs, 'wire', 'ended', hasEnded);
  });

  it('two override a Job and a GovernedJob that they digested themselves, and a third reviews that', async () => {
    await held('burning');
    await ns.requestOf(await alice.create(resources.governedJobs, ns.name, governedJob('ledger')));
    for (const name of ['job/burning', 'gjob/ledger']) {
      for (const who of ['olga', 'otto']) {
        const overridden = await as(who, 'override', name, '--ticket', 'INC-1', '-m', 'fire');
        expect(overridden, `${who} ${name}`).toMatchObject({ code: 0, out: expect.stringContaining(anew) });
      }
      expect(await as('omar', 'review', name, '-m', 'there was a fire')).toMatchObject({
        code: 0,
        out: expect.stringContaining('The review is on record'),
      });
    }
    await ns.eventually(resources.jobs, 'burning', 'ended', hasEnded);
  });

  it('somebody has another one asked, about work that they digested themselves', async () => {
    await held('orphaned');
    const done = await as('rosa', 'reassign', 'job/orphaned', '--stage', 'finance', '--from', 'axel', '--to', 'arno', '-m', 'left');
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining(anew) });
    expect((await as('arno', 'orphaned')).code).toBe(0);
    expect((await as('anna', 'orphaned')).code).toBe(0);
    await ns.eventually(resources.jobs, 'orphaned', 'ended', hasEnded);
  });

  it('a policy author sees what a policy would change: with the votes that are there, and the work that its rules read', async () => {
    const request = await held('open');
    expect((await as('anna', 'open')).code).toBe(0);
    const file = join(dir, 'stricter.json');
    const policy = { apiVersion: 'countersign.dev/v1alpha1', kind: 'ApprovalPolicy', metadata: { name: 'tiers', namespace: ns.name } };
    const validations = [{ expression: 'object.spec.backoffLimit < 100', message: 'tried too often' }];
    writeFileSync(file, JSON.stringify({ ...policy, spec: { match, validations, stages: stages('anna', 'axel', 'arno') } }));
    const { code, out } = await as('paul', 'simulate', '--policy', file, '-o', 'json');
    expect(code).toBe(0);
    const [result] = (JSON.parse(out) as { results: { notes: string[]; requests: { name: string }[] }[] }).results;
    expect(result!.notes.join()).not.toContain('You may not write it');
    expect(result!.requests.find((r) => r.name === request.metadata.name)).toMatchObject({
      effect: 'tightened',
      changes: [expect.stringContaining('asks in addition: stage finance, 3 approvals, 2 missing')],
      verdict: { before: 'Pending', after: 'Pending' },
    });
  });

  it('a viewer sees requests, policies of the cluster and people, and is told that the Job itself is not theirs to read', async () => {
    const request = await held('seen');
    expect((await as('vera', 'list', '-o', 'name')).out).toContain(request.metadata.name);
    expect(await as('vera', 'describe', request.metadata.name)).toMatchObject({
      code: 0,
      out: expect.stringContaining('you may not read it'),
    });
    const file = join(dir, 'job.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', ...job('thought-of') }));
    const { out } = await as('vera', 'simulate', '-f', file);
    expect(out).toContain('It would be held and wait for 2 approvals.');
    expect(out).not.toContain('You may not list clusterapprovalpolicies');
    expect((await plugin.kubectl(kubeconfigs['vera']!, 'get', 'approvers')).code).toBe(0);
    expect(await as('vera', request.metadata.name)).toMatchObject({ code: 1 });
    expect(isSuspended(await ns.get(resources.jobs, 'seen'))).toBe(true);
  });
});
