import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approvalDecisions, approvalRequests, approvers } from '../../crds/v1alpha1/index.ts';
import { Links } from '../../webhooks/approvals/links/index.ts';
import { openStore } from '../../webhooks/approvals/store/index.ts';
import { answered, ApprovalReplicas, callerOf, type Caller, type Replica } from '../fixtures/approvalReplicas.ts';
import type { Answered } from '../fixtures/approvalService.ts';
import { crashAfter, crashBefore } from '../fixtures/faults.ts';
import { job, matchJobs, matchRequests, oneOf } from '../fixtures/objects.ts';
import { Postgres } from '../fixtures/postgres.ts';
import { hasEnded, resources, until, type TestNamespace } from '../fixtures/world.ts';

let postgres: Postgres;
let database: string;
let replicas: ApprovalReplicas;
/** Never killed, unlike those that a test starts for itself. */
let lasting: Replica;

beforeAll(async () => {
  postgres = await Postgres.start();
  database = await postgres.database();
  // One person's load is many people's: what is tested is not the rate.
  replicas = await ApprovalReplicas.start({ COUNTERSIGN_APPROVALS_STORE: database, COUNTERSIGN_APPROVALS_RATE: '1000' });
  lasting = await replicas.replica();
});

afterAll(async () => {
  await replicas.stop();
  await postgres[Symbol.asyncDispose]();
});

interface Shown {
  readonly id: string;
  readonly outcome: string;
  readonly phase: string;
}

const shown = ({ body }: Answered): Shown => body as Shown;

const asking = (ns: TestNamespace, id: string): object => ({
  namespace: ns.name,
  operation: 'deploy',
  subject: { external: { system: 'pipeline', id } },
});

const approves = { verdict: 'Approve', reason: 'Looks right' };

/** A namespace in which alice asks, and all that are named must agree. */
async function scene(prefix: string, names: readonly string[]): Promise<{ ns: TestNamespace; alice: Caller; approving: Caller[] }> {
  const ns = await replicas.namespace(prefix);
  const alice = await callerOf(ns, 'alice');
  const approving = await Promise.all(names.map((name) => callerOf(ns, name)));
  const from = approving.map(({ username }) => ({ user: username }));
  await ns.policy('all', { match: matchRequests, stages: [{ name: 'all', require: [{ count: from.length, from }] }] });
  return { ns, alice, approving };
}

/** Asks, and waits until people are asked. */
async function asked(ns: TestNamespace, alice: Caller, id: string): Promise<string> {
  const made = await lasting.as(alice).post('/v1/requests', asking(ns, id));
  expect(made.status).toBe(202);
  return until('the request to be reviewed', async () => {
    const request = shown(await lasting.as(alice).get(`/v1/requests/${shown(made).id}`));
    return request.phase === 'Reviewing' ? request.id : undefined;
  });
}

const decisionsIn = async (ns: TestNamespace) => (await ns.admin.list(approvalDecisions, { namespace: ns.name })).items;

const outcome = (who: Caller, id: string): Promise<string> =>
  until('the request to be settled', async () => {
    const request = shown(await lasting.as(who).get(`/v1/requests/${id}`));
    return request.outcome === 'Pending' ? undefined : request.outcome;
  });

describe('a replica that is killed in the middle of a decision', () => {
  it.each([
    ['before', crashBefore],
    ['after', crashAfter],
  ] as const)(
    '%s its write reaches the API server: sent again under its key to another replica, it is written once',
    async (when, fault) => {
      const { ns, alice, approving } = await scene(`killed-${when}`, ['bob', 'carol']);
      const [bob, carol] = approving as [Caller, Caller];
      const id = await asked(ns, alice, 'change-1');
      const doomed = await replicas.replica();
      doomed.proxy.onWrite(({ resource }) => (resource === 'approvaldecisions' ? fault(() => doomed.process.kill('SIGKILL')) : undefined));
      const decide = (replica: Replica) =>
        replica.as(bob).post(`/v1/requests/${id}/decisions`, approves, { 'idempotency-key': 'decision-of-bob' });
      await expect(decide(doomed)).rejects.toThrow();
      await doomed.process.exit;
      expect(await decisionsIn(ns)).toHaveLength(when === 'before' ? 0 : 1);
      const answer = await answered(() => decide(lasting));
      expect([answer.status, answer.body]).toEqual([201, expect.objectContaining({ approver: bob.username })]);
      const decisions = await decisionsIn(ns);
      expect(decisions.map(({ metadata }) => metadata.name)).toEqual([(answer.body as { name: string }).name]);
      expect((await lasting.as(carol).post(`/v1/requests/${id}/decisions`, approves)).status).toBe(201);
      expect(await outcome(alice, id)).toBe('Approved');
      await ns.close();
    },
  );
});

describe('a replica that is killed while fifty wait', () => {
  it('loses none of them: they wait at another, and learn the outcome there', async () => {
    const { ns, alice, approving } = await scene('waiting', ['bob']);
    const [bob] = approving as [Caller];
    const id = await asked(ns, alice, 'change-1');
    const doomed = await replicas.replica();
    const waits = (replica: Replica) => replica.as(alice).get(`/v1/requests/${id}`, { prefer: 'wait=120' });
    const dropped: unknown[] = [];
    const waiting = Array.from({ length: 50 }, () =>
      waits(doomed).catch((error: unknown) => {
        dropped.push(error);
        return waits(lasting);
      }),
    );
    await until('fifty to wait', async () => ((await doomed.waiting()) === 50 ? true : undefined));
    await doomed.process.kill('SIGKILL');
    await until('fifty to wait elsewhere', async () => ((await lasting.waiting()) === 50 ? true : undefined));
    expect(dropped).toHaveLength(50);
    expect((await lasting.as(bob).post(`/v1/requests/${id}/decisions`, approves)).status).toBe(201);
    const answers = await Promise.all(waiting);
    expect(new Set(answers.map((answer) => `${answer.status} ${shown(answer).outcome}`))).toEqual(new Set(['200 Approved']));
    await ns.close();
  });
});

describe('a replica that is asked to end under load', () => {
  it('answers every call, and sends those who wait elsewhere', async () => {
    const { ns, alice } = await scene('ending', ['bob']);
    const waitedFor = await asked(ns, alice, 'waited-for');
    const ending = await replicas.replica();
    let route = ending;
    let over = false;
    const made: Answered[] = [];
    const worker = async (n: number): Promise<void> => {
      for (let i = 0; !over; i += 1)
        made.push(await route.as(alice).post('/v1/requests', asking(ns, `${n}-${i}`), { prefer: 'respond-async' }));
    };
    const workers = Array.from({ length: 8 }, (_, n) => worker(n));
    const waiting = Array.from({ length: 20 }, () => ending.as(alice).get(`/v1/requests/${waitedFor}`, { prefer: 'wait=120' }));
    await until('twenty to wait and a load', async () => ((await ending.waiting()) === 20 && made.length > 50 ? true : undefined));
    const ended = ending.process.stop();
    // So long a Service may go on sending calls to a pod that ends.
    await sleep(1_500);
    route = lasting;
    await ended;
    expect(await ending.process.exit).toEqual({ code: 0, signal: null });
    over = true;
    await Promise.all(workers);
    expect(new Set(made.map(({ status }) => status))).toEqual(new Set([202]));
    const held = await Promise.all(waiting);
    expect(held.map(({ status, headers }) => [status, headers['location'], headers['connection']])).toEqual(
      held.map(() => [202, `/v1/requests/${waitedFor}`, 'close']),
    );
    const stored = await ns.admin.list(approvalRequests, { namespace: ns.name });
    expect(new Set(stored.items.map(({ metadata }) => metadata.uid))).toEqual(
      new Set([waitedFor, ...made.map((answer) => shown(answer).id)]),
    );
    expect(stored.items).toHaveLength(made.length + 1);
    await ns.close();
  });
});

describe('a link from a mail', () => {
  it('that fifty press at the same moment at two replicas decides once', async () => {
    const other = await replicas.replica();
    const ns = await replicas.namespace('link');
    const username = `bob-${ns.name}@corp`;
    await ns.policy('mail', { match: matchJobs, stages: [{ ...oneOf('mail', { user: username }), minimumChannel: 'Email' }] });
    await ns.admin.create(approvers, undefined, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'Approver',
      metadata: { name: ns.name },
      spec: { username, groups: [`${ns.name}:staff`], mail: `${ns.name}@mail.corp` },
    });
    const made = await (await ns.as('alice')).create(resources.jobs, ns.name, job('by-mail'));
    const { metadata, status } = await ns.requestIn('Reviewing', (await ns.requestOf(made)).metadata.name);
    const store = await openStore({ url: database });
    const link = await new Links({ store, origin: 'https://any', lifeMs: 3_600_000 }).mint({
      namespace: ns.name,
      request: metadata.name,
      requestUid: metadata.uid,
      digest: status?.subjectDigest ?? '',
      approver: username,
      mail: `${ns.name}@mail.corp`,
      verdict: 'Approve',
    });
    await store.close();
    const press = (replica: Replica) =>
      replica.as().call('POST', new URL(link).pathname, {
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
        body: 'verdict=Approve',
      });
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => press(n % 2 === 0 ? lasting : other)));
    const counts = Object.groupBy(answers, (answer) => String(answer.status));
    expect(Object.keys(counts).filter((code) => !['200', '409', '410'].includes(code))).toEqual([]);
    expect(counts['200']).toHaveLength(1);
    expect(await decisionsIn(ns)).toHaveLength(1);
    await ns.eventually(resources.jobs, 'by-mail', 'over', hasEnded);
    await other.process.stop();
    await ns.close();
  });
});

describe('PostgreSQL, stopped and started again under load', () => {
  it('loses nothing and does nothing twice, and kubectl decides meanwhile as ever', async () => {
    const other = await replicas.replica();
    const { ns, alice, approving } = await scene('database', ['bob']);
    const [bob] = approving as [Caller];
    await ns.policy('jobs', { match: matchJobs, stages: [oneOf('carol', { user: 'carol' })] });
    const held = await (await ns.as('alice')).create(resources.jobs, ns.name, job('meanwhile'));
    const request = await ns.requestOf(held);
    let over = false;
    const refusals: Answered[] = [];
    const done: string[] = [];
    /** Each call may reach either replica, and each try of a call the other one. */
    const anywhere = (who: Caller, path: string, body: object, key: string) => {
      let tries = 0;
      const call = () =>
        (tries++ % 2 === 0 ? lasting : other).as(who).post(path, body, { 'idempotency-key': key, prefer: 'respond-async' });
      return answered(call, (answer) => refusals.push(answer));
    };
    const worker = async (n: number): Promise<void> => {
      for (let i = 0; !over; i += 1) {
        const made = await anywhere(alice, '/v1/requests', asking(ns, `${n}-${i}`), `ask-${n}-${i}`);
        expect(made.status).toBe(202);
        const { id } = shown(made);
        const decided = await anywhere(bob, `/v1/requests/${id}/decisions`, approves, `decide-${n}-${i}`);
        expect([decided.status, decided.body]).toEqual([201, expect.objectContaining({ requests: [id] })]);
        done.push(id);
      }
    };
    const workers = Array.from({ length: 6 }, (_, n) => worker(n));
    const further = async (count: number): Promise<void> => {
      const goal = done.length + count;
      await until('the work to go on', () => Promise.resolve(done.length >= goal ? true : undefined), 120_000);
    };
    await further(12);
    await postgres.stop();
    await until('calls to be refused', () => Promise.resolve(refusals.some(isStoreAway) ? true : undefined));
    await ns.decide(await ns.as('carol'), 'Approve', [request]);
    await ns.eventually(resources.jobs, 'meanwhile', 'over', hasEnded);
    await postgres.start();
    await further(12);
    over = true;
    await Promise.all(workers);
    expect(refusals.filter(isStoreAway).every(({ status, headers }) => status === 503 && Number(headers['retry-after']) > 0)).toBe(true);
    const stored = await ns.admin.list(approvalRequests, { namespace: ns.name });
    expect(stored.items.map(({ metadata }) => metadata.uid).sort()).toEqual([...done, request.metadata.uid].sort());
    const decided = (await decisionsIn(ns)).flatMap(({ spec }) => (spec as { requests: { uid: string }[] }).requests.map(({ uid }) => uid));
    expect(decided.sort()).toEqual([...done, request.metadata.uid].sort());
    for (const id of done) expect(await outcome(alice, id)).toBe('Approved');
    await other.process.stop();
    await ns.close();
  });
});

const isStoreAway = ({ body }: Answered): boolean => (body as { type: string }).type.endsWith('/store-unavailable');
