import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../../operator/kube/client/apiError.ts';
import { silentLogger } from '../../../operator/telemetry/logger.ts';
import { createMetrics } from '../../../operator/telemetry/metrics.ts';
import { digest, PaymentCluster, requestObject, uid } from '../../../test/fixtures/paymentCluster.ts';
import { Callers } from '../callers/index.ts';
import { Seals } from '../callers/seals.ts';
import { Sessions } from '../callers/session.ts';
import { sorted } from '../delegations.ts';
import { createApp } from '../http/app.ts';
import type { KnownObjects } from '../known.ts';
import { problemPages } from '../pages/problem.ts';
import { knownRequest, type KnownRequest } from '../requests.ts';
import { Waiters } from '../waiting/waiters.ts';
import { pageRoutes } from './pages.ts';

const origin = 'https://approvals.example.com';
const sessions = new Sessions({ seals: new Seals([randomBytes(32)]), seconds: 3_600 });
const callers = new Callers({ kubernetes: { personOf: () => Promise.reject(new Error('nobody has a token here')) }, sessions, origin });

let cluster: PaymentCluster;
let server: Server;
beforeEach(async () => {
  cluster = new PaymentCluster();
  const known = (): KnownRequest[] => [knownRequest(cluster.request)];
  const requests = {
    byUid: (id: string) => known().find((r) => r.uid === id),
    list: known,
    onChange: () => () => undefined,
  } as unknown as KnownObjects<KnownRequest>;
  const routes = pageRoutes({
    client: cluster as never,
    known: { requests, executions: undefined as never, delegations: { in: () => sorted([], { byUsername: () => undefined }, 0) } },
    permissions: { may: () => Promise.resolve(true) },
    permissionsOf: () => Promise.resolve({ mayApprove: () => false, may: () => false }),
    waiters: new Waiters(1),
    longestWaitMs: 1,
    callers,
    sessions,
  });
  const app = createApp({
    routes,
    callers,
    takeDecision: () => Promise.resolve(0),
    remember: (_keyed, run) => run(),
    origins: [],
    problemPage: problemPages({ canSignIn: true }),
    log: silentLogger(),
    metrics: createMetrics(new Registry()),
  });
  server = createServer(app.express).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** Somebody who is signed in. */
async function signedIn(username: string) {
  const [cookie = ''] = await sessions.begin({ username, groups: ['system:authenticated'] });
  const headers = { cookie: cookie.split(';')[0] ?? '', accept: 'text/html', origin, 'sec-fetch-site': 'same-origin' };
  const session = await sessions.of(headers);
  const formToken = session === undefined ? '' : sessions.formToken(session);
  const call = (
    path: string,
    more: { readonly method?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {},
  ) =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
      redirect: 'manual',
      ...more,
      headers: { ...headers, ...more.headers },
    });
  const send = (fields: Record<string, string> = {}) =>
    call(`/requests/${uid}/decision`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ form_token: formToken, form_id: 'f1', digest, verdict: 'Approve', ...fields }).toString(),
    });
  return { call, send, text: async (path: string) => (await call(path)).text() };
}

describe('the pages', () => {
  it('list what waits for whoever looks, and nothing else', async () => {
    expect(await (await signedIn('bob@corp')).text('/requests')).toContain(`href="/requests/${uid}"`);
    expect(await (await signedIn('carol@corp')).text('/requests')).toContain('Nothing waits for your decision');
  });

  it('lead whoever is not signed in to where they can, and back', async () => {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/requests/${uid}?x=1`, {
      redirect: 'manual',
      headers: { accept: 'text/html' },
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([
      303,
      `/sign-in?return_to=${encodeURIComponent(`/requests/${uid}?x=1`)}`,
    ]);
  });

  it('tell whoever has decided that they have, and nobody else, whatever the address says', async () => {
    const bob = await signedIn('bob@corp');
    const answer = await bob.send({ reason: ' fine ' });
    const path = answer.headers.get('location') ?? '';
    expect([answer.status, path]).toEqual([303, expect.stringMatching(`^/requests/${uid}\\?decision=`) as string]);
    expect(await bob.text(path)).toContain('You have approved it');
    expect(await (await signedIn('carol@corp')).text(path)).not.toContain('You have approved it');
    for (const made of ['made-up', '../x', ''])
      expect(await bob.text(`/requests/${uid}?decision=${made}`)).not.toContain('You have approved it');
    expect([...cluster.decisions.values()][0]?.['spec']).toMatchObject({
      approver: 'bob@corp',
      via: 'Web',
      reason: 'fine',
      requests: [{ uid, digest }],
    });
  });

  it('make one decision of a form that is sent twice', async () => {
    const bob = await signedIn('bob@corp');
    const answers = await Promise.all([bob.send(), bob.send()]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    expect(cluster.decisions.size).toBe(1);
  });

  it('decide nothing on what was changed since it was shown', async () => {
    cluster.request = requestObject({ subjectDigest: `v1:sha256:${'0'.repeat(64)}` });
    const answer = await (await signedIn('bob@corp')).send();
    expect([answer.status, await answer.text()]).toEqual([409, expect.stringMatching(/That was not taken[^]*has changed/) as string]);
    expect(cluster.decisions.size).toBe(0);
  });

  it('say why a decision was refused, with what was typed', async () => {
    cluster.fails = {
      error: new ApiError(403, 'Forbidden', 'admission webhook "x" denied the request: you asked for it yourself'),
      after: false,
    };
    const answer = await (await signedIn('bob@corp')).send({ reason: 'my words' });
    const page = await answer.text();
    expect(answer.status).toBe(403);
    for (const said of ['you asked for it yourself', 'my words']) expect(page).toContain(said);
  });

  it('decide nothing without the token of the session', async () => {
    expect((await (await signedIn('bob@corp')).send({ form_token: 'x' })).status).toBe(403);
    expect(cluster.decisions.size).toBe(0);
  });
});
