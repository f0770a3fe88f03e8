import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { ApprovalRequest } from '../../../crds/v1alpha1/index.ts';
import { job, resources, TestNamespace, until, type StoredRequest } from '../../fixtures/world.ts';
import { install, type Ended, type Installed } from './command.ts';
import { meddler } from './meddler.ts';

let ns: TestNamespace;
let plugin: Installed;
let bobs: string;
let bob: (...args: string[]) => Promise<Ended>;
let alice: (...args: string[]) => Promise<Ended>;
let first: StoredRequest;
let second: StoredRequest;

beforeAll(async () => {
  ns = await TestNamespace.create('plugin-read');
  await ns.policy('two', {
    match: [{ apiGroups: ['batch'], kinds: ['Job'] }],
    stages: [
      { name: 'finance', require: [{ count: 1, from: [{ group: 'finance' }] }] },
      { name: 'security', require: [{ count: 1, from: [{ user: 'sue' }] }], timeout: '2h' },
    ],
    timeout: '3h',
  });
  plugin = await install(ns);
  bobs = await ns.cluster.userKubeconfig('bob', [`${ns.name}:staff`, 'finance']);
  bob = plugin.as(bobs, ns.name);
  alice = plugin.as(await ns.cluster.userKubeconfig('alice', [`${ns.name}:staff`, 'finance']), ns.name);
  const author = await ns.as('alice', ['finance']);
  first = await ns.requestOf(await author.create(resources.jobs, ns.name, job('first')));
  second = await ns.requestOf(await author.create(resources.jobs, ns.name, job('second', { image: 'registry.example/tool:2' })));
});

afterAll(async () => {
  plugin.remove();
  await ns.close();
});

describe('kubectl approve list', () => {
  it('lists what is open, as a table, wide, as names, JSON and YAML', async () => {
    const names = [first, second].map((r) => r.metadata.name);
    expect((await bob('list')).out).toMatch(/^NAME +PHASE +APPROVALS +RISK +SUBJECT +OPERATION +REQUESTER +EXPIRES +AGE\n/);
    expect((await bob('list', '-o', 'wide')).out).toContain('1 of group finance; 1 of user sue');
    expect((await bob('list', '-o', 'name')).out).toBe(names.map((n) => `approvalrequest.countersign.dev/${n}\n`).join(''));
    for (const format of ['json', 'yaml']) {
      const { out } = await bob('list', '-o', format);
      const list = (format === 'json' ? JSON.parse(out) : parseAllDocuments(out)[0]!.toJSON()) as {
        kind: string;
        items: ApprovalRequest[];
      };
      expect(list.kind).toBe('List');
      expect(list.items.map((r) => r.metadata.name)).toEqual(names);
      expect(list.items[0]!.metadata).not.toHaveProperty('managedFields');
    }
  });

  it('with --mine lists what waits for the caller: not for the requester, and not for those whose stage asks others', async () => {
    expect((await bob('list', '--mine', '-o', 'name')).out.split('\n')).toHaveLength(3);
    expect(await alice('list', '--mine')).toMatchObject({ code: 0, out: '', err: expect.stringContaining('Nothing waits for your vote') });
    const sue = plugin.as(await ns.cluster.userKubeconfig('sue', [`${ns.name}:staff`]), ns.name);
    expect((await sue('list', '--mine', '-o', 'name')).out.split('\n')).toHaveLength(3);
  });

  it('over all namespaces needs the right to, and shows which', async () => {
    expect(await bob('list', '-A')).toMatchObject({ code: 1, err: expect.stringContaining('at the cluster scope') });
    const { out } = await plugin.kubectl(ns.cluster.adminKubeconfig, 'approve', 'list', '-A');
    expect(out).toMatch(/^NAMESPACE +NAME/);
    expect(out).toMatch(new RegExp(`^${ns.name} +${first.metadata.name} `, 'm'));
  });
});

describe('kubectl approve why', () => {
  it('says which votes are missing, who can give them and until when, to people and to programs', async () => {
    const { out } = await bob('why', 'first');
    expect(out).toContain('Waiting for 2 more approvals.');
    expect(out).toContain(`Stage finance: Active, 0/1 (asked by ApprovalPolicy ${ns.name}/two)\n  missing 1 of: group finance\n`);
    expect(out).toContain('not counted here: alice, who asked for it, may not approve it');
    expect(out).toContain('Stage security: Waiting, 0/1');
    expect(out).toMatch(/Unless it is settled before, it expires in 1\d\dm \(/);
    expect(out).toContain('You (bob) can give it, in stage finance');
    expect((await alice('why', 'first')).out).toContain('You (alice) asked for it, so somebody else must approve it.');
    expect(JSON.parse((await bob('why', 'first', '-o', 'json')).out)).toMatchObject({
      request: first.metadata.name,
      outcome: 'open',
      stages: [
        { name: 'finance', missing: [{ count: 1, from: ['group finance'] }] },
        { name: 'security', missing: [{ from: ['user sue'] }] },
      ],
    });
  });
});

describe('kubectl approve describe', () => {
  it('shows to programs that the digest fits what is stored', async () => {
    const described = JSON.parse((await bob('describe', 'second', '-o', 'json')).out) as Record<string, Record<string, unknown>>;
    expect(described['digest']).toMatchObject({
      recorded: second.status!.subjectDigest,
      computed: second.status!.subjectDigest,
      matches: true,
    });
    expect(described['subject']).toMatchObject({
      access: 'read',
      images: [{ container: 'main', image: 'registry.example/tool:2', pinned: false }],
      notCovered: expect.arrayContaining([expect.stringContaining('registry.example/tool:2')]),
    });
  });
});

describe('kubectl approve wait', () => {
  it('ends with exit code 3 when the time is up', async () => {
    expect(await bob('wait', 'first', '--timeout', '1s')).toMatchObject({
      code: 3,
      err: expect.stringContaining('Not approved within 1s'),
    });
  });

  it('survives watches that are cut off', async () => {
    const between = await meddler(bobs, { cutWatches: 2 });
    try {
      const waiting = bob('wait', 'first', '--timeout', '60s', '--server', between.url);
      const watchedAgain = (times: number) =>
        until(`watch ${times}`, () => Promise.resolve(between.watches().opened >= times || undefined));
      await watchedAgain(1);
      // Each decision changes the status, and so cuts the watch that sees it.
      await ns.decide(await ns.as('bob', ['finance']), 'Approve', [first]);
      await watchedAgain(2);
      await ns.decide(await ns.as('sue'), 'Approve', [first]);
      expect(await waiting).toMatchObject({ code: 0, out: expect.stringContaining('Approved by bob, sue.') });
      expect(between.watches().cut).toBe(2);
    } finally {
      await between.close();
    }
  });
});

describe('what is not there', () => {
  it('is said to be missing, with exit code 1; what is nearly a verb is wrong usage', async () => {
    expect(await bob('describe', 'nothing')).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no ApprovalRequest, Job or GovernedJob "nothing"'),
    });
    expect(await bob('lst')).toMatchObject({ code: 2, err: expect.stringContaining('did you mean "kubectl approve list"?') });
    expect(await bob('reject', 'first')).toMatchObject({ code: 2, err: expect.stringContaining('--reject') });
  });
});

describe("kubectl's completion", () => {
  it('offers verbs and the names of open requests for "kubectl approve"', async () => {
    const { out } = await plugin.kubectl(bobs, '__complete', 'approve', '-n', ns.name, '');
    expect(out).toContain('describe\tverb\n');
    expect(out).toContain(`${second.metadata.name}\tJob second, `);
    const narrowed = await plugin.kubectl(bobs, '__complete', 'approve', 'why', '-n', ns.name, 'sec');
    expect(narrowed.out.split('\n')[0]).toMatch(new RegExp(`^${second.metadata.name}\t`));
    expect(narrowed.out).not.toContain('first');
  });
});
