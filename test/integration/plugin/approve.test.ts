import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalDecision } from '../../../crds/v1alpha1/index.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { governedJob, hasEnded, isSuspended, isTrue, job, resources, TestNamespace, type StoredRequest } from '../../fixtures/world.ts';
import { install, type Ended, type Installed } from './command.ts';
import { meddler } from './meddler.ts';

let ns: TestNamespace;
let plugin: Installed;
let alice: KubeClient;
const people: Record<string, (...args: string[]) => Promise<Ended>> = {};
const kubeconfigs: Record<string, string> = {};

const as = (who: string, ...args: string[]): Promise<Ended> => people[who]!(...args);

/** Who they are: bob and carol are of finance, dave is of no group, alice asks. */
const groups: Record<string, string[]> = { alice: ['dev', 'finance'], bob: ['finance'], carol: ['finance'], dave: [] };

async function held(name: string, more: Parameters<typeof job>[1] = {}): Promise<StoredRequest> {
  const created = await alice.create(resources.jobs, ns.name, job(name, more));
  expect(isSuspended(created)).toBe(true);
  return ns.requestOf(created);
}

const decisionsOn = async (request: StoredRequest): Promise<ApprovalDecision[]> => {
  const { items } = await ns.admin.list<ApprovalDecision>(resources.approvalDecisions, { namespace: ns.name });
  return items.filter((d) => d.spec.requests.some((r) => r.uid === request.metadata.uid));
};

beforeAll(async () => {
  ns = await TestNamespace.create('plugin');
  alice = await ns.as('alice', groups['alice']);
  await ns.policy('finance', {
    match: [
      { apiGroups: ['batch'], kinds: ['Job'] },
      { apiGroups: ['countersign.dev'], kinds: ['GovernedJob', 'ApprovalRequest'] },
    ],
    stages: [{ name: 'finance', require: [{ count: 1, from: [{ group: 'finance' }] }] }],
  });
  plugin = await install(ns);
  for (const [who, of] of Object.entries(groups)) {
    kubeconfigs[who] = await ns.cluster.userKubeconfig(who, [`${ns.name}:staff`, ...of]);
    people[who] = plugin.as(kubeconfigs[who], ns.name);
  }
});

afterAll(async () => {
  plugin.remove();
  await ns.close();
});

describe('kubectl approve', () => {
  it('approves by the name of a held Job, which then runs; wait and describe tell of it', async () => {
    const request = await held('by-name', { metadata: { annotations: { 'countersign.dev/reason': 'pay \u001b[2J them' } } });
    const waiting = as('alice', 'wait', 'by-name', '--for=completed', '--timeout', '60s');
    const { code, out, err } = await as('bob', 'by-name', '-m', 'looks right', '--ticket', 'CHG-1');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`digest      ${request.status!.subjectDigest!} (computed anew from what is stored: the same)`);
    expect(out).toContain('reason      pay \\u001b[2J them');
    expect(out).toMatch(new RegExp(`approvalrequest\\.countersign\\.dev/${request.metadata.name} approved by bob \\(.*\\)\\. Appro`));
    expect(await waiting).toMatchObject({ code: 0, out: expect.stringContaining('The Job ran to completion.') });
    const [decision] = await decisionsOn(request);
    expect(decision!.spec).toMatchObject({
      verdict: 'Approve',
      approver: 'bob',
      reason: 'looks right',
      ticket: 'CHG-1',
      requests: [{ name: request.metadata.name, uid: request.metadata.uid, digest: request.status!.subjectDigest }],
    });
    const described = await as('alice', 'describe', 'by-name');
    expect(described.out).toMatch(
      /Timeline:\n(.*\n)*.*Job by-name created, and held\n(.*\n)*.*approved by bob \(CHG-1\): looks right\n(.*\n)*.*Job by-name released\n(.*\n)*.*ended: The Job ran to completion\.\n/,
    );
  });

  it('rejects: the Job ends as failed, and whoever waits is told with exit code 1', async () => {
    await held('rejected');
    const waiting = as('alice', 'wait', 'rejected', '--timeout', '60s');
    const { code, out } = await as('bob', '--reject', 'rejected', '-m', 'not this quarter');
    expect(code).toBe(0);
    expect(out).toContain('rejected by bob');
    expect(await waiting).toMatchObject({ code: 1, out: expect.stringContaining('Rejected by bob: not this quarter') });
    await ns.eventually(resources.jobs, 'rejected', 'failed', (j) => isTrue(j, 'Failed'));
  });

  it('decides on several at once with a single decision', async () => {
    const requests = await Promise.all(['batch-1', 'batch-2', 'batch-3'].map((name) => held(name)));
    const { code, out } = await as('carol', 'batch-1', 'job/batch-2', `areq/${requests[2]!.metadata.name}`, 'batch-1');
    expect(code).toBe(0);
    for (const request of requests) expect(out).toContain(`${request.metadata.name} approved by carol`);
    const decisions = await Promise.all(requests.map(decisionsOn));
    expect(new Set(decisions.flat().map((d) => d.metadata.name)).size).toBe(1);
    expect(decisions[0]![0]!.spec.requests).toHaveLength(3);
    for (const name of ['batch-1', 'batch-2', 'batch-3']) await ns.eventually(resources.jobs, name, 'ended', hasEnded);
  });

  it('sends nothing at all when one of several cannot be decided, and names each that cannot', async () => {
    const request = await held('alone');
    const { code, err } = await as('bob', 'alone', 'no-such-job', 'nor-this');
    expect(code).toBe(1);
    expect(err).toContain('"no-such-job" in namespace');
    expect(err).toContain('"nor-this" in namespace');
    expect(await decisionsOn(request)).toEqual([]);
  });

  it('tells the requester and those who are not asked why they cannot, without the wrapping of the API server', async () => {
    await held('mine');
    for (const who of ['alice', 'dave']) {
      const { code, out, err } = await as(who, 'mine');
      expect(code).toBe(1);
      // Admission says so at once; where its webhook is out of reach the operator does, a moment later.
      expect(`${out}${err}`).toMatch(/^error: |It does not count: /m);
      expect(`${out}${err}`).not.toMatch(/admission webhook|denied the request|ValidatingAdmissionPolicy/);
    }
    expect(isSuspended(await ns.get(resources.jobs, 'mine'))).toBe(true);
  });

  it('does not approve when what is stored is not what was digested, and rejects all the same', async () => {
    const request = await held('tampered', { image: 'registry.example/tool:good' });
    const between = await meddler(kubeconfigs['bob']!, {
      body: (path, body) => (path.includes('/jobs/tampered') ? body.replaceAll('tool:good', 'tool:evil') : body),
    });
    try {
      const { code, out, err } = await as('bob', 'tampered', '--server', between.url);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toContain('what is stored is not what was digested: Job tampered');
      expect(await decisionsOn(request)).toEqual([]);
      expect((await as('bob', '--reject', 'tampered', '--server', between.url)).code).toBe(0);
    } finally {
      await between.close();
    }
  });

  it('does not approve what it may not read', async () => {
    const request = await held('unseen');
    const { code, err } = await plugin.kubectl(
      ns.cluster.adminKubeconfig,
      ...['approve', '-n', ns.name, request.metadata.name, '--as', 'blind', '--as-group', `${ns.name}:blind`],
    );
    // Not even the request: whoever has no role at all is told so by the API server.
    expect(code).toBe(1);
    expect(err).toContain('cannot get resource "approvalrequests"');
  });

  it('acts as somebody else with --as and --as-group, who is then the approver', async () => {
    const request = await held('impersonated');
    const groupFlags = [`${ns.name}:staff`, 'finance'].flatMap((g) => ['--as-group', g]);
    const { code, out } = await plugin.kubectl(
      ns.cluster.adminKubeconfig,
      'approve',
      '-n',
      ns.name,
      'impersonated',
      '--as',
      'erin',
      ...groupFlags,
    );
    expect(code).toBe(0);
    expect(out).toContain('approved by erin');
    expect((await decisionsOn(request))[0]!.spec.approver).toBe('erin');
  });

  it('finds a GovernedJob by its own name and by that of its Job', async () => {
    const created = await alice.create(resources.governedJobs, ns.name, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'GovernedJob',
      metadata: { name: 'migration' },
      spec: { operation: 'db-migration', parameters: { rows: 7 }, jobTemplate: { spec: (job('x') as { spec: object }).spec } },
    });
    const request = await ns.requestOf(created);
    const described = await as('bob', 'describe', 'gjob/migration');
    expect(described).toMatchObject({ code: 0, err: '' });
    expect(described.out).toContain('computed anew from what is shown here: the same');
    expect(described.out).toContain('rows: 7');
    const made = await ns.eventually(resources.governedJobs, 'migration', 'given its Job', (g) => jobOf(g) !== undefined);
    const why = await as('bob', 'why', `job/${jobOf(made)!.name}`);
    expect(why.out).toContain(`You (bob) can give it, in stage finance: kubectl approve ${request.metadata.name}`);
    expect((await as('bob', 'migration')).code).toBe(0);
    expect(await as('bob', 'wait', 'migration', '--for=completed', '--timeout', '60s')).toMatchObject({ code: 0 });
  });

  it('calls work the same as an earlier run only as long as that is what was approved, whatever its requester makes of it since', async () => {
    const payload = { rollback: { jobTemplate: { spec: (job('x', { image: 'registry.example/payload:1' }) as { spec: object }).spec } } };
    const asked = async (name: string, more: object): Promise<string> => {
      const request = await ns.requestOf(
        await alice.create(resources.governedJobs, ns.name, governedJob(name, { operation: 'ledger', ...more })),
      );
      await ns.requestIn('Reviewing', request.metadata.name);
      return (await as('bob', 'describe', `gjob/${name}`)).out;
    };
    await asked('ledger-1', {});
    expect((await as('bob', 'ledger-1')).code).toBe(0);
    expect((await as('bob', 'wait', 'ledger-1', '--for=completed', '--timeout', '60s')).code).toBe(0);
    expect(await asked('ledger-2', {})).toContain('The same as ledger-1-');
    await alice.patch(resources.governedJobs, { namespace: ns.name, name: 'ledger-1' }, { spec: payload }, { type: 'merge' });
    const forged = await asked('ledger-3', payload);
    expect(forged).not.toContain('The same as');
    expect(forged).toContain('what ran is not stored any more as it was approved');
  });

  it('refuses to guess when a name could mean two requests', async () => {
    const request = await held('twice');
    await alice.create(resources.approvalRequests, ns.name, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'ApprovalRequest',
      metadata: { name: 'twice' },
      spec: { operation: 'else', subject: { external: { system: 'terraform', id: 'run-9' } } },
    });
    const { code, err } = await as('bob', 'twice');
    expect(code).toBe(1);
    expect(err).toContain('"twice" could mean 2 requests');
    expect(err).toContain('areq/twice ');
    expect(err).toContain(`areq/${request.metadata.name} `);
    expect((await as('bob', 'job/twice')).out).toContain(`${request.metadata.name} approved by bob`);
  });

  it('records a comment, which approves nothing', async () => {
    const request = await held('commented');
    const { code, out } = await as('dave', 'comment', 'commented', '-m', 'who is this for?');
    expect(code).toBe(0);
    expect(out).toContain('Comments count for nothing.');
    const { out: described } = await as('bob', 'describe', request.metadata.name);
    expect(described).toContain('commented on by dave: who is this for?');
    expect(isSuspended(await ns.get(resources.jobs, 'commented'))).toBe(true);
  });
});

const jobOf = (governedJob: KubeObject): { name: string } | undefined =>
  (governedJob['status'] as { job?: { name: string } } | undefined)?.job;
