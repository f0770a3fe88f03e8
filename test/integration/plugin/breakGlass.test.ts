import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import { hasEnded, isSuspended, job, resources, TestNamespace, until, type StoredRequest } from '../../fixtures/world.ts';
import { install, type Ended, type Installed } from './command.ts';

let ns: TestNamespace;
let plugin: Installed;
let alice: KubeClient;
const people: Record<string, (...args: string[]) => Promise<Ended>> = {};
const as = (who: string, ...args: string[]): Promise<Ended> => people[who]!(...args);
const held = async (name: string, more: object = {}): Promise<StoredRequest> =>
  ns.requestOf(await alice.create(resources.jobs, ns.name, job(name, more)));

beforeAll(async () => {
  ns = await TestNamespace.create('plugin-glass');
  alice = await ns.as('alice', ['dev']);
  const stage = { name: 'finance', require: [{ count: 1, from: [{ user: 'bob' }] }], reassignTo: [{ user: 'carol' }] };
  const only = (audited: boolean) => [{ key: 'audited', operator: audited ? 'Exists' : 'DoesNotExist' }];
  const match = (audited: boolean) => [{ apiGroups: ['batch'], kinds: ['Job'], objectSelector: { matchExpressions: only(audited) } }];
  await ns.policy('tiers', { match: match(false), stages: [stage], standing: { maxRuns: 5, maxDuration: '7d' } });
  await ns.policy('trial', { enforcement: 'Audit', match: match(true), stages: [stage] });
  await ns.grant(
    'glass',
    [{ apiGroups: ['countersign.dev'], resources: ['approvalrequests'], verbs: ['override', 'reassign'] }],
    ['eve', 'mia'],
  );
  plugin = await install(ns);
  for (const who of ['alice', 'bob', 'carol', 'eve', 'mia']) {
    people[who] = plugin.as(await ns.cluster.userKubeconfig(who, [`${ns.name}:staff`]), ns.name);
  }
});

afterAll(async () => {
  plugin.remove();
  await ns.close();
});

describe('kubectl approve override and review', () => {
  it('releases after two people, owes a review, and tells each where it stands', async () => {
    await held('burning');
    expect(await as('bob', 'override', 'burning', '--ticket', 'INC-1', '-m', 'fire')).toMatchObject({ code: 1 });
    const first = await as('eve', 'override', 'burning', '--ticket', 'INC-1', '-m', 'fire');
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('It takes a second person') });
    expect(isSuspended(await ns.get(resources.jobs, 'burning'))).toBe(true);
    const second = await as('mia', 'override', 'burning', '--ticket', 'INC-1', '-m', 'fire indeed');
    expect(second).toMatchObject({ code: 0, out: expect.stringContaining('It must be reviewed afterwards: kubectl approve review') });
    await ns.eventually(resources.jobs, 'burning', 'ended', hasEnded);
    expect((await as('bob', 'why', 'burning')).out).toContain('a review is owed');
    expect(await as('bob', 'review', 'burning', '-m', 'there was a fire')).toMatchObject({
      code: 0,
      out: expect.stringContaining('The review is on record'),
    });
    expect((await as('bob', 'why', 'burning')).out).toContain('reviewed by bob');
  });
});

describe('kubectl approve reassign', () => {
  it('has somebody else asked, whom the policy allows', async () => {
    await held('orphaned');
    expect(await as('mia', 'reassign', 'orphaned', '--stage', 'legal', '--from', 'bob', '--to', 'carol')).toMatchObject({
      code: 1,
      err: expect.stringContaining('has no stage "legal"; it has finance'),
    });
    const done = await as('mia', 'reassign', 'orphaned', '--stage', 'finance', '--from', 'bob', '--to', 'carol', '-m', 'left');
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining('carol is asked in place of bob') });
    expect((await as('carol', 'why', 'orphaned')).out).toContain('You (carol) can give it, in stage finance');
    expect((await as('carol', 'orphaned')).code).toBe(0);
  });
});

describe('a standing approval', () => {
  it('is agreed to with the approval, and ends when it is revoked', async () => {
    const request = await held('monthly', { metadata: { annotations: { 'countersign.dev/operation': 'monthly' } } });
    expect(await as('bob', 'monthly', '--standing', '6/1d')).toMatchObject({
      code: 1,
      err: expect.stringContaining('allows at most --standing 5/7d'),
    });
    expect(await as('bob', 'monthly', '--standing', '5/1d')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Covers 5 further runs'),
    });
    expect((await as('alice', 'why', request.metadata.name)).out).toContain('5 left; end it with kubectl approve revoke');
    expect(await as('bob', 'revoke', request.metadata.name)).toMatchObject({
      code: 0,
      out: expect.stringContaining('The standing approval is over'),
    });
  });
});

describe('kubectl approve audit', () => {
  it('lists what would have been held, and whom it would have asked', async () => {
    const created = await alice.create(resources.jobs, ns.name, job('audited', { metadata: { labels: { audited: 'yes' } } }));
    expect(isSuspended(created)).toBe(false);
    const { code, out } = await as('alice', 'audit');
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^audited +ApprovalPolicy ${ns.name}/trial +asked 1 of user bob `, 'm'));
    expect((await as('alice', 'audit', '-o', 'name')).out).toBe('job.batch/audited\n');
  });
});

describe('kubectl approve watch', () => {
  it('tells of a request as it comes, changes and is settled', async () => {
    const kubeconfig = await ns.cluster.userKubeconfig('bob', [`${ns.name}:staff`]);
    const child = spawn(process.execPath, [plugin.file, 'watch', '-n', ns.name, '-o', 'json', '--kubeconfig', kubeconfig]);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    try {
      const request = await held('watched');
      expect((await as('bob', 'watched')).code).toBe(0);
      await until('the end to be told', () => Promise.resolve(out.includes('"settled"') ? true : undefined));
      const news = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string; request: { metadata: { name: string } } });
      const types = news.filter((n) => n.request.metadata.name === request.metadata.name).map((n) => n.type);
      expect([types[0], types.at(-1)]).toEqual(['open', 'settled']);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
