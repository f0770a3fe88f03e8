import type { Service } from '../approvals/bareService.ts';
import type { BareWrite } from '../approvals/bareServiceProcess.ts';
import { callersPolicy, groupsOf, type Callers, type TokenCaller } from '../approvals/callers.ts';
import { atPace, type Timed } from '../approvals/pace.ts';
import { ServiceClient, type Answered } from '../approvals/serviceClient.ts';
import type { Bench } from '../bench.ts';
import type { Seen } from '../follow.ts';
import { decision, decisionsPath, jobsPath, type Named } from '../objects.ts';
import { latencies, percentile } from '../percentiles.ts';
import { cpuSeconds, residentMegabytes } from '../processes.ts';
import { Sightings } from '../sightings.ts';
import { resumed } from './burst.ts';
import { hold, named } from './decided.ts';

/** What one of the two came to: from sending a decision until its Job is released, and until the answer. */
export interface DecidedTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly answerP50Ms: number;
  readonly answerP99Ms: number;
}

type Decide = (client: ServiceClient, caller: TokenCaller, request: Named, n: number) => Promise<Answered>;

/** The yardstick: the same decision, written by a bare handler with the same ServiceAccount. */
export async function decidedBare(bench: Bench, service: Service, callers: Callers, perSecond: number): Promise<DecidedTimes> {
  return decided(bench, service, callers, { scenario: 'limit.approvals.decide', perSecond }, (namespace) => (client, caller, request) => {
    const { spec, ...rest } = decision('', [request]) as { spec: object };
    const stamped = { ...spec, approver: caller.username, groups: groupsOf(callers), via: 'Web' };
    const object = { ...rest, metadata: { generateName: `${request.name.slice(0, 40)}-` }, spec: stamped };
    const body: BareWrite = { path: decisionsPath(namespace), object };
    return client.call('POST', '/write', { token: caller.token, body });
  });
}

/** As a program would: with an Idempotency-Key, and the digest that it was shown. */
export async function decidedOverHttp(
  bench: Bench,
  service: Service,
  callers: Callers,
  { perSecond, limit }: { readonly perSecond: number; readonly limit: DecidedTimes },
): Promise<void> {
  const decide: Decide = (client, { token }, { uid, digest }, n) =>
    client.call('POST', `/v1/requests/${uid}/decisions`, {
      token,
      headers: { 'idempotency-key': `decision-${perSecond}-${n}` },
      body: { verdict: 'Approve', reason: 'Looks right', digest },
    });
  await decided(bench, service, callers, { scenario: 'approvals.decide', perSecond, limit }, () => decide);
}

interface Kind {
  readonly scenario: string;
  readonly perSecond: number;
  readonly limit?: DecidedTimes;
}

/** Holds Jobs, decides on them at an even pace, and watches them go. */
async function decided(
  bench: Bench,
  service: Service,
  callers: Callers,
  { scenario, perSecond, limit }: Kind,
  by: (namespace: string) => Decide,
): Promise<DecidedTimes> {
  const { admin, settings } = bench;
  const n = perSecond * settings.approvalsSeconds;
  const namespace = await bench.namespace(callersPolicy(callers));
  const requests = await hold(bench, namespace, n, false);
  const seen = await Sightings.of(admin, jobsPath(namespace), resumed);
  const client = new ServiceClient(service, settings.connections);
  await bench.quiet();
  const [serviceBefore, operatorBefore] = [cpuSeconds(service.pid), cpuSeconds(bench.operator.pid)];
  const decide = by(namespace);
  const times = await atPace(requests, perSecond, async (request, i) => accepted(await decide(client, callers.nth(i), named(request), i)));
  const over = await seen.count(n);
  await seen.end();
  await client.close();
  const more = {
    perSecond,
    serviceCpuSeconds: cpuSeconds(service.pid) - serviceBefore,
    operatorCpuSeconds: cpuSeconds(bench.operator.pid) - operatorBefore,
    serviceMb: residentMegabytes(service.pid),
  };
  const result = timesOf(requests, times, seen);
  const rate = (n / (over - (times[0]?.sent ?? Number.NaN))) * 1000;
  bench.report.add({ scenario, n, jobsPerSecond: rate, ...result, more: { ...answersOf(result), ...limitOf(limit), ...more } });
  await bench.remove(namespace);
  return result;
}

function accepted({ status, body }: Answered): void {
  if (status !== 201) throw new Error(`a decision was answered with ${status}: ${body.slice(0, 300)}`);
}

function timesOf(requests: readonly Seen[], times: readonly Timed[], seen: Sightings): DecidedTimes {
  const released = requests.map((request, i) => (seen.at(jobOf(request)) ?? Number.NaN) - (times[i]?.sent ?? Number.NaN));
  const answered = times.map((time) => time.answered - time.sent);
  return { ...latencies(released), answerP50Ms: percentile(answered, 0.5), answerP99Ms: percentile(answered, 0.99) };
}

const jobOf = ({ spec }: Seen): string => (spec as { subject: { resource: { name: string } } }).subject.resource.name;

const answersOf = ({ answerP50Ms, answerP99Ms }: DecidedTimes): Record<string, number> => ({ answerP50Ms, answerP99Ms });

const limitOf = (limit: DecidedTimes | undefined): Record<string, number> =>
  limit === undefined
    ? {}
    : {
        limitP50Ms: limit.p50Ms,
        limitP99Ms: limit.p99Ms,
        limitAnswerP50Ms: limit.answerP50Ms,
        limitAnswerP99Ms: limit.answerP99Ms,
      };
