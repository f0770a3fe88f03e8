import type { Service } from '../approvals/bareService.ts';
import type { BareWrite } from '../approvals/bareServiceProcess.ts';
import { callersPolicy, groupsOf, type Callers, type TokenCaller } from '../approvals/callers.ts';
import { atPace } from '../approvals/pace.ts';
import { ServiceClient, type Answered } from '../approvals/serviceClient.ts';
import type { Bench } from '../bench.ts';
import { names, requestsPath } from '../objects.ts';
import { latencies } from '../percentiles.ts';
import { cpuSeconds } from '../processes.ts';

/** From sending to the answer. */
export interface AskedTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

type Ask = (client: ServiceClient, caller: TokenCaller, id: string) => Promise<Answered>;

const operation = 'deploy';
const subjectOf = (id: string): object => ({ external: { system: 'pipeline', id } });
const context = { environment: 'production', version: '1.4.2' };

/** The yardstick: the same ApprovalRequest, written by a bare handler with the same ServiceAccount. */
export const askedBare = (bench: Bench, service: Service, callers: Callers, perSecond: number): Promise<AskedTimes> =>
  ask(
    bench,
    service,
    callers,
    { scenario: 'limit.approvals.create', status: 201, perSecond },
    (namespace) =>
      (client, { username, token }, id) => {
        const annotations = {
          'countersign.dev/requester': username,
          'countersign.dev/requester-groups': groupsOf(callers).join('\n'),
          'countersign.dev/via': 'Web',
        };
        const metadata = { generateName: `${operation}-`, annotations };
        const spec = { operation, subject: subjectOf(id), context };
        const object = { apiVersion: 'countersign.dev/v1alpha1', kind: 'ApprovalRequest', metadata, spec };
        const body: BareWrite = { path: requestsPath(namespace), object };
        return client.call('POST', '/write', { token, body });
      },
  );

export async function asked(
  bench: Bench,
  service: Service,
  callers: Callers,
  { perSecond, limit }: { readonly perSecond: number; readonly limit: AskedTimes },
): Promise<void> {
  const expected = { scenario: 'approvals.create', status: 202, perSecond, limit };
  await ask(
    bench,
    service,
    callers,
    expected,
    (namespace) =>
      (client, { token }, id) =>
        client.call('POST', '/v1/requests', {
          token,
          headers: { prefer: 'respond-async', 'idempotency-key': `${perSecond}-${id}` },
          body: { namespace, operation, subject: subjectOf(id), context },
        }),
  );
}

interface Kind {
  readonly scenario: string;
  /** Of the answer. */
  readonly status: number;
  readonly perSecond: number;
  readonly limit?: AskedTimes;
}

async function ask(
  bench: Bench,
  service: Service,
  callers: Callers,
  { scenario, status, perSecond, limit }: Kind,
  by: (namespace: string) => Ask,
): Promise<AskedTimes> {
  const n = perSecond * bench.settings.approvalsSeconds;
  const namespace = await bench.namespace(callersPolicy(callers));
  const client = new ServiceClient(service, bench.settings.connections);
  await bench.quiet();
  const before = cpuSeconds(service.pid);
  const send = by(namespace);
  const times = await atPace(names('change', n), perSecond, async (id, i) => {
    const answer = await send(client, callers.nth(i), id);
    if (answer.status !== status) throw new Error(`asking was answered with ${answer.status}: ${answer.body.slice(0, 300)}`);
  });
  await client.close();
  const result = latencies(times.map(({ sent, answered }) => answered - sent));
  const limits = limit === undefined ? {} : { limitP50Ms: limit.p50Ms, limitP99Ms: limit.p99Ms };
  bench.report.add({ scenario, n, ...result, more: { perSecond, ...limits, serviceCpuSeconds: cpuSeconds(service.pid) - before } });
  await bench.remove(namespace);
  return result;
}
