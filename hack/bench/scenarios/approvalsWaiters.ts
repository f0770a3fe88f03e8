import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from '../approvals/bareService.ts';
import { callersPolicy, type Callers } from '../approvals/callers.ts';
import { atPace } from '../approvals/pace.ts';
import { ServiceClient } from '../approvals/serviceClient.ts';
import type { Bench } from '../bench.ts';
import { decision, decisionsPath } from '../objects.ts';
import { latencies } from '../percentiles.ts';
import { residentMegabytes } from '../processes.ts';
import { hold, named } from './decided.ts';

/** What so many who wait cost, and how long it takes to wake them. */
export interface WaitingCost {
  readonly kbEach: number;
  readonly wakeAllMs: number;
}

/** New connections a second, so that handshakes are not what is measured. */
const arrivalsPerSecond = 250;
const patienceMs = 60_000;
/** Less than the longest wait that the service allows. */
const waitSeconds = 280;

interface Kind {
  readonly scenario: string;
  readonly path: string;
  /** Of the nth who waits: one caller has a tenth of the places only. */
  readonly token: (n: number) => string;
  readonly waiting: () => Promise<number>;
  readonly wake: () => Promise<unknown>;
  readonly isAnswer: (body: string) => boolean;
  readonly limit?: WaitingCost;
}

/** The yardstick: a bare handler that keeps the answers in a list, and answers them all when it is told to. */
export async function waitersBare(bench: Bench, service: Service): Promise<WaitingCost> {
  const control = new ServiceClient(service, 1);
  const token = 'none';
  try {
    return await wait(bench, service, {
      scenario: 'limit.approvals.waiters',
      path: '/wait',
      token: () => token,
      waiting: async () => Number((await control.call('GET', '/waiting', { token })).body),
      wake: () => control.call('POST', '/wake', { token }),
      isAnswer: (body) => body.includes('Approved'),
    });
  } finally {
    await control.close();
  }
}

/** All wait for one request, which is then decided over kubectl's way: the service learns of it by its watch. */
export async function waiters(
  bench: Bench,
  service: Service & { readonly healthUrl: string },
  callers: Callers,
  limit: WaitingCost,
): Promise<void> {
  const namespace = await bench.namespace(peoplesPolicy(callers));
  const [request] = await hold(bench, namespace, 1, false);
  if (request === undefined) throw new Error('nothing was asked');
  await wait(bench, service, {
    scenario: 'approvals.waiters',
    path: `/v1/requests/${request.metadata.uid}`,
    token: (n) => callers.nth(n).token,
    waiting: () => waitingAt(service.healthUrl),
    wake: () => bench.bob.send('POST', decisionsPath(namespace), decision('decision', [named(request)])),
    isAnswer: (body) => (JSON.parse(body) as { outcome: string }).outcome === 'Approved',
    limit,
  });
  await bench.remove(namespace);
}

function peoplesPolicy(callers: Callers): object {
  const policy = callersPolicy(callers) as { spec: object };
  return { ...policy, spec: { ...policy.spec, stages: [{ name: 'finance', require: [{ count: 1, from: [{ group: 'finance' }] }] }] } };
}

async function waitingAt(healthUrl: string): Promise<number> {
  const metrics = await (await fetch(`${healthUrl}/metrics`)).text();
  return Number(/^countersign_http_waiting (\d+)$/m.exec(metrics)?.[1]);
}

async function wait(bench: Bench, service: Service, kind: Kind): Promise<WaitingCost> {
  const { waiters: n } = bench.settings;
  const client = new ServiceClient(service, n);
  await bench.quiet();
  const before = residentMegabytes(service.pid);
  const headers = { prefer: `wait=${waitSeconds}` };
  const answers = atPace(Array.from({ length: n }), arrivalsPerSecond, async (_none, index) => {
    const { status, body } = await client.call('GET', kind.path, { token: kind.token(index), headers });
    if (status !== 200 || !kind.isAnswer(body)) throw new Error(`a waiter was answered with ${status}: ${body.slice(0, 300)}`);
  });
  await Promise.race([answers, allWait(kind, n)]);
  await bench.quiet();
  const mb = residentMegabytes(service.pid);
  const woken = performance.now();
  await kind.wake();
  const times = (await answers).map(({ answered }) => answered - woken);
  await client.close();
  const cost = { kbEach: ((mb - before) * 1024) / n, wakeAllMs: Math.max(...times) };
  const limits = kind.limit === undefined ? {} : { limitKbEach: kind.limit.kbEach, limitWakeAllMs: kind.limit.wakeAllMs };
  bench.report.add({ scenario: kind.scenario, n, ...latencies(times), more: { ...cost, ...limits, serviceMb: mb, emptyMb: before } });
  return cost;
}

async function allWait({ waiting }: Kind, n: number): Promise<void> {
  const until = Date.now() + (n / arrivalsPerSecond) * 1000 + patienceMs;
  for (let there = 0; there < n; there = await waiting()) {
    if (Date.now() > until) throw new Error(`${there} of ${n} wait after ${patienceMs / 1000} s more than it takes them to come`);
    await sleep(500);
  }
}
