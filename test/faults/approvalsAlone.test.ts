import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connect } from 'node:tls';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approvalDecisions } from '../../crds/v1alpha1/index.ts';
import { CertificateAuthority, issueFiles } from '../../hack/cluster/pki.ts';
import { answered, ApprovalReplicas, callerOf, type Caller, type Replica } from '../fixtures/approvalReplicas.ts';
import { personAt, type Answered } from '../fixtures/approvalService.ts';
import { loseAnswer } from '../fixtures/faults.ts';
import { job, matchJobs, matchRequests, oneOf } from '../fixtures/objects.ts';
import { hasEnded, resources, until, type TestNamespace } from '../fixtures/world.ts';

let replicas: ApprovalReplicas;
let replica: Replica;
let databaseFile: string;

beforeAll(async () => {
  replicas = await ApprovalReplicas.start();
  databaseFile = join(replicas.folder('store'), 'approvals.db');
  replica = await replicas.replica({ env: { COUNTERSIGN_APPROVALS_STORE: `sqlite:${databaseFile}` } });
});

afterAll(() => replicas.stop());

interface Scene {
  readonly ns: TestNamespace;
  readonly bob: Caller;
  /** The request that bob is asked about, by its id. */
  readonly id: string;
  /** bob's yes, under the same key each time. */
  readonly decide: () => Promise<Answered>;
}

async function scene(prefix: string): Promise<Scene> {
  const ns = await replicas.namespace(prefix);
  const [alice, bob] = [await callerOf(ns, 'alice'), await callerOf(ns, 'bob')];
  await ns.policy('bob', { match: matchRequests, stages: [oneOf('bob', { user: bob.username })] });
  const subject = { external: { system: 'pipeline', id: 'change-1' } };
  const made = await replica.as(alice).post('/v1/requests', { namespace: ns.name, operation: 'deploy', subject });
  expect(made.status).toBe(202);
  const { id } = made.body as { id: string };
  await until('the request to be reviewed', async () => ((await requestOf(bob, id)).phase === 'Reviewing' ? true : undefined));
  const key = { 'idempotency-key': 'decision-of-bob' };
  return { ns, bob, id, decide: () => replica.as(bob).post(`/v1/requests/${id}/decisions`, { verdict: 'Approve' }, key) };
}

const requestOf = async (who: Caller, id: string): Promise<{ phase: string; outcome: string }> =>
  (await replica.as(who).get(`/v1/requests/${id}`)).body as { phase: string; outcome: string };

const decisionsIn = async (ns: TestNamespace) => (await ns.admin.list(approvalDecisions, { namespace: ns.name })).items;

const isApproved = ({ bob, id }: Scene): Promise<true> =>
  until('the request to be approved', async () => ((await requestOf(bob, id)).outcome === 'Approved' ? true : undefined));

/** As RFC 9457 has it, with the time after which to try again. */
function expectLater({ status, headers, body }: Answered, word: string): void {
  expect([status, headers['content-type'], body]).toEqual([
    503,
    'application/problem+json',
    expect.objectContaining({ type: `https://countersign.dev/problems/${word}`, status: 503 }),
  ]);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
}

describe('a SQLite database that somebody else has locked', () => {
  it('keeps decisions over HTTP for as long, which are told to come again; kubectl decides as ever', async () => {
    const of = await scene('locked');
    const { ns, decide } = of;
    await ns.policy('jobs', { match: matchJobs, stages: [oneOf('carol', { user: 'carol' })] });
    const held = await (await ns.as('alice')).create(resources.jobs, ns.name, job('meanwhile'));
    const request = await ns.requestOf(held);
    const intruder = new DatabaseSync(databaseFile);
    intruder.exec('begin immediate');
    try {
      expectLater(await decide(), 'store-unavailable');
      expect(await decisionsIn(ns)).toEqual([]);
      await ns.decide(await ns.as('carol'), 'Approve', [request]);
      await ns.eventually(resources.jobs, 'meanwhile', 'over', hasEnded);
    } finally {
      intruder.close();
    }
    expect((await answered(decide)).status).toBe(201);
    await isApproved(of);
    // That of carol, and that of bob.
    expect(await decisionsIn(ns)).toHaveLength(2);
    await ns.close();
  });
});

describe('a decision whose way to the API server breaks', () => {
  it('after it was written, so that the service does not learn of it, is there once when it is sent again', async () => {
    const of = await scene('lost');
    const { ns, decide } = of;
    let lost = 0;
    replica.proxy.onWrite(({ resource }) => {
      if (resource !== 'approvaldecisions' || lost > 0) return undefined;
      lost += 1;
      return loseAnswer;
    });
    const first = await decide();
    if (first.status !== 201) expectLater(first, 'unavailable');
    expect(lost).toBe(1);
    const again = await answered(decide);
    expect([again.status, (await decisionsIn(ns)).map(({ metadata }) => metadata.name)]).toEqual([
      201,
      [(again.body as { name: string }).name],
    ]);
    await isApproved(of);
    replica.proxy.onWrite(() => undefined);
    await ns.close();
  });

  it('because the API server is away, is told to come again, with nothing half done', async () => {
    const of = await scene('away');
    const { ns, bob, id, decide } = of;
    const { cluster } = replicas.platform;
    await cluster.component('kube-apiserver').kill('SIGKILL');
    const [decided, asked] = await Promise.all([
      decide(),
      replica
        .as(bob)
        .post('/v1/requests', { namespace: ns.name, operation: 'deploy', subject: { external: { system: 'pipeline', id: 'other' } } }),
    ]);
    expectLater(decided, 'unavailable');
    expectLater(asked, 'unavailable');
    await cluster.component('kube-apiserver').start();
    await cluster.ready(120_000);
    expect(await decisionsIn(ns)).toEqual([]);
    expect((await requestOf(bob, id)).outcome).toBe('Pending');
    expect((await answered(decide)).status).toBe(201);
    await isApproved(of);
    expect(await decisionsIn(ns)).toHaveLength(1);
    await ns.close();
  });
});

/** The serial number of the certificate that whoever connects now is shown. */
const servedSerial = (url: string, ca: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), ca }, () => {
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      resolve(serialNumber);
    });
    socket.on('error', reject);
  });

describe('a certificate that is renewed under load', () => {
  it('is taken into use without a call that fails', async () => {
    const folder = replicas.folder('certificate');
    const authority = await CertificateAuthority.create(folder, 'test');
    const renew = () => issueFiles(authority, folder, 'tls', { name: 'approvals', hosts: ['127.0.0.1'] });
    await renew();
    const ca = readFileSync(authority.certificateFile, 'utf8');
    const { process } = await replicas.replica({ ca, env: { COUNTERSIGN_APPROVALS_CERT_DIR: folder } });
    const ns = await replicas.namespace('renewed');
    const alice = await callerOf(ns, 'alice');
    const before = await servedSerial(process.url, ca);
    const kept = new Agent({ connections: 4, connect: { ca } });
    let over = false;
    const statuses: number[] = [];
    /** On connections that are kept, and each time on a new one. */
    const worker = async (fresh: boolean): Promise<void> => {
      while (!over) {
        const agent = fresh ? new Agent({ connect: { ca } }) : kept;
        statuses.push((await personAt(agent, process.url, alice).get(`/v1/requests?namespace=${ns.name}`)).status);
        if (fresh) await agent.close();
      }
    };
    const workers = [true, true, false, false].map(worker);
    await renew();
    await until(
      'the new certificate to be served',
      async () => ((await servedSerial(process.url, ca)) === before ? undefined : true),
      120_000,
    );
    const since = statuses.length;
    await until('calls under the new one', () => Promise.resolve(statuses.length > since + 20 ? true : undefined));
    over = true;
    await Promise.all(workers);
    expect(new Set(statuses)).toEqual(new Set([200]));
    await kept.close();
    await ns.close();
  });
});
