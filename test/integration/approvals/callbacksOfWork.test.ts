import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { approvalService, type RunningService } from '../../fixtures/approvalService.ts';
import { HttpsPeer, type Received } from '../../fixtures/httpsPeer.ts';
import { Postgres } from '../../fixtures/postgres.ts';
import { governedJob, until } from '../../fixtures/world.ts';
import { asked, reviewing, scene } from './support.ts';

const peer = await HttpsPeer.start();
let begun: Promise<{ postgres: Postgres; env: Record<string, string> }> | undefined;
const database = () =>
  (begun ??= Postgres.start().then(async (postgres) => ({
    postgres,
    env: {
      COUNTERSIGN_APPROVALS_STORE: await postgres.database(),
      COUNTERSIGN_HTTP_ALLOW: peer.host,
      COUNTERSIGN_HTTP_CA: peer.ca,
      COUNTERSIGN_APPROVALS_RATE: '1000',
      COUNTERSIGN_APPROVALS_RATE_BURST: '1000',
    },
  })));
const env = async () => (await database()).env;
const [one, two] = [approvalService({ env }), approvalService({ env })];
afterAll(async () => {
  await peer.stop();
  await (await database()).postgres[Symbol.asyncDispose]();
});
beforeEach(() => peer.answers((_call, response) => response.end()));

const callsTo = (path: string): Received[] => peer.calls.filter((call) => call.path === path);

/** What the callback of some work told, and what had been said of that work before. */
interface Told {
  readonly type: string;
  readonly data: {
    readonly outcome: string;
    readonly execution?: { readonly id: string; readonly phase: string; readonly outputs?: unknown };
  };
}

const askForWork = (url: string, namespace: string, podAnnotations: Record<string, string>): object => {
  const { jobTemplate } = (governedJob('any', {}, { podAnnotations }) as { spec: { jobTemplate: object } }).spec;
  const checkpoint = { workflowId: 'w-1', checkpointId: 'c-3' };
  return { namespace, operation: 'migrate', governedJob: { jobTemplate }, callback: { url }, checkpoint };
};

it(
  'A GovernedJob that is asked for over HTTP tells by its callback that it is approved, and later what it put out, each once by two replicas',
  scene(one, async ({ ns, alice, bob }) => {
    const path = `/work/${ns.name}`;
    const outputs = { transaction_id: 'TXN-0002' };
    const said = { 'kwok.countersign.dev/termination-message': JSON.stringify(outputs) };
    const made = await alice.post('/v1/requests', askForWork(peer.url(path), ns.name, said));
    expect(made.status, JSON.stringify(made.body)).toBe(202);
    const execution = String(made.headers['location']);
    const id = await until('its request', async () => ((await alice.get(execution)).body as { request?: string }).request);
    await reviewing(bob, id);
    expect(callsTo(path)).toEqual([]);
    expect((await two.sameAs(bob).post(`/v1/requests/${id}/decisions`, { verdict: 'Approve' })).status).toBe(201);
    await until('both callbacks', () => Promise.resolve(callsTo(path).length >= 2 ? true : undefined));
    // Longer than a replica that has not heard of it would need to tell it again.
    await sleep(2_000);
    const told = callsTo(path).map(({ body }) => JSON.parse(body) as Told);
    expect(told.map(({ type }) => type)).toEqual(['approval.settled', 'approval.completed']);
    for (const { data } of told)
      expect(data).toMatchObject({ request: { id }, outcome: 'Approved', checkpoint: { workflowId: 'w-1', checkpointId: 'c-3' } });
    expect(told[1]?.data.execution).toMatchObject({ id: execution.split('/').at(-1), phase: 'Succeeded', outputs });
  }),
);

it(
  'A GovernedJob that is refused tells so by its callback, and nothing else',
  scene(one, async ({ ns, alice, bob }) => {
    const path = `/refused/${ns.name}`;
    const made = await alice.post('/v1/requests', askForWork(peer.url(path), ns.name, {}));
    const id = await until(
      'its request',
      async () => ((await alice.get(String(made.headers['location']))).body as { request?: string }).request,
    );
    await reviewing(bob, id);
    expect((await bob.post(`/v1/requests/${id}/decisions`, { verdict: 'Reject', reason: 'no' })).status).toBe(201);
    await until('the callback', () => Promise.resolve(callsTo(path).length >= 1 ? true : undefined));
    await sleep(2_000);
    expect(callsTo(path).map(({ body }) => [(JSON.parse(body) as Told).type, (JSON.parse(body) as Told).data.outcome])).toEqual([
      ['approval.settled', 'Rejected'],
    ]);
  }),
);

const deliveredBy = async (service: RunningService): Promise<number> => {
  const metrics = await (await fetch(`${service.process().healthUrl}/metrics`)).text();
  return Number(/^countersign_deliveries_total\{channel_type="Callback",result="delivered"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
};

it(
  'Two replicas that deliver at the same time share the work, and call nobody twice',
  scene(one, async (of) => {
    const path = `/shared/${of.ns.name}`;
    const count = 24;
    peer.answers((_call, response) => void setTimeout(() => response.end(), 300));
    const before = await Promise.all([one, two].map(deliveredBy));
    const ids = await Promise.all(Array.from({ length: count }, async () => (await asked(of, { callback: { url: peer.url(path) } })).id));
    const votes = await Promise.all(
      ids.map((id, n) => (n % 2 === 0 ? of.bob : two.sameAs(of.bob)).post(`/v1/requests/${id}/decisions`, { verdict: 'Approve' })),
    );
    expect(new Set(votes.map(({ status }) => status))).toEqual(new Set([201]));
    const shares = await until('all to be delivered', async () => {
      const now = await Promise.all([one, two].map(deliveredBy));
      const own = now.map((total, n) => total - (before[n] ?? 0));
      return own.reduce((sum, each) => sum + each, 0) >= count ? own : undefined;
    });
    await sleep(2_000);
    const calls = callsTo(path);
    expect(new Set(calls.map(({ headers }) => headers['webhook-id'])).size).toBe(count);
    expect(calls).toHaveLength(count);
    expect(Math.min(...shares)).toBeGreaterThan(0);
  }),
);
