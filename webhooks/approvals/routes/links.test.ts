import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConnectionError } from '../../../operator/kube/client/apiError.ts';
import { createLogger } from '../../../operator/telemetry/logger.ts';
import { createMetrics } from '../../../operator/telemetry/metrics.ts';
import type { KnownApprover } from '../callers/directory.ts';
import { Callers } from '../callers/index.ts';
import { createApp } from '../http/app.ts';
import { Links } from '../links/index.ts';
import { problemPages } from '../pages/problem.ts';
import { openStore, type Store } from '../store/index.ts';
import { takeLink } from '../store/links.ts';
import { digest, PaymentCluster, requestObject, spec, stage, uid } from '../../../test/fixtures/paymentCluster.ts';
import { linkRoutes, type LinkDeps } from './links.ts';

const origin = 'https://approvals.example.com';
let dir: string;
let store: Store;
let cluster: PaymentCluster;
let server: Server;
let lines: string[];
/** As where an identity provider is configured; undefined where none is. */
let sessions: LinkDeps['sessions'];
let bob: KnownApprover | undefined;
/** How bob is known the next times that somebody looks. */
let asked: KnownApprover[];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'countersign-links-'));
  store = await openStore({ url: `sqlite:${join(dir, 'a.db')}` });
  cluster = new PaymentCluster();
  lines = [];
  asked = [];
  sessions = { formToken: () => 'of-the-session' } as never;
  const callers = new Callers({ kubernetes: { personOf: () => Promise.reject(new Error('nobody has a token here')) }, origin });
  bob = { name: 'bob', username: 'bob@corp', groups: ['finance'], mail: 'bob@mail.corp', slackId: undefined };
  const routes = linkRoutes({
    client: cluster as never,
    permissions: { may: () => Promise.resolve(cluster.mayRead) },
    known: { requests: { list: () => [] } } as never,
    store,
    directory: { byUsername: (name) => (name === bob?.username ? (asked.shift() ?? bob) : undefined) },
    callers,
    get sessions() {
      return sessions;
    },
  });
  const app = createApp({
    routes,
    callers,
    takeDecision: () => Promise.resolve(0),
    remember: (_keyed, run) => run(),
    origins: [],
    problemPage: problemPages({ canSignIn: true }),
    log: createLogger({ level: 'trace', destination: { write: (line: string) => void lines.push(line) } }),
    metrics: createMetrics(new Registry()),
  });
  server = createServer(app.express).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  await store.close();
  rmSync(dir, { recursive: true });
});

const call = (path: string, method: string, body?: string, accept = 'text/html') =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
    method,
    headers: { accept, ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }) },
    ...(body === undefined ? {} : { body }),
  });
const look = (path: string): Promise<Response> => call(path, 'GET');
const press = (path: string, more = ''): Promise<Response> => call(path, 'POST', `verdict=Approve${more}`);

async function link(more: Partial<Parameters<Links['mint']>[0]> = {}): Promise<string> {
  const links = new Links({ store, origin, lifeMs: 60_000 });
  const address = await links.mint({
    namespace: 'payments',
    request: 'wire-1',
    requestUid: uid,
    digest,
    approver: 'bob@corp',
    mail: 'Bob@Mail.corp',
    verdict: 'Approve',
    ...more,
  });
  return address.slice(origin.length);
}

describe('a link', () => {
  it('decides in the name of its approver, by mail, with their groups', async () => {
    expect((await press(await link(), '&reason=ok')).status).toBe(200);
    const [decision] = [...cluster.decisions.values()];
    expect(decision?.['spec']).toEqual({
      requests: [{ name: 'wire-1', uid, digest }],
      verdict: 'Approve',
      reason: 'ok',
      approver: 'bob@corp',
      groups: ['finance', 'system:authenticated'],
      via: 'Email',
    });
  });

  it('is not used up while the API server is away, and says that nothing was decided', async () => {
    const path = await link();
    cluster.fails = { error: new ConnectionError('away', false), after: false };
    const answer = await press(path);
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringMatching(/nothing was decided by this call/) as string]);
    cluster.fails = undefined;
    expect((await press(path)).status).toBe(200);
    expect(cluster.decisions.size).toBe(1);
  });

  it('finds its decision made where nobody was told that it was, and makes no second one', async () => {
    const path = await link();
    cluster.fails = { error: new ConnectionError('reset', true), after: true };
    expect((await press(path)).status).toBe(503);
    cluster.fails = undefined;
    const again = await press(path);
    expect([again.status, await again.text()]).toEqual([200, expect.stringContaining('You have approved it') as string]);
    expect(cluster.decisions.size).toBe(1);
    expect((await press(path)).status).toBe(410);
  });

  it('that fifty press at once decides for one of them, and the others are told', async () => {
    const path = await link();
    const answers = await Promise.all(Array.from({ length: 50 }, () => press(path)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409 || status === 410)).toHaveLength(49);
    expect(cluster.decisions.size).toBe(1);
  });

  it('that somebody took and died is free again after half a minute', async () => {
    const path = await link();
    const token = path.slice('/l/'.length);
    await takeLink(store, token);
    expect([(await look(path)).status, (await press(path)).status]).toEqual([409, 409]);
    const other = await link();
    await takeLink(store, other.slice('/l/'.length), Date.now() - 31_000);
    expect((await press(other)).status).toBe(200);
  });

  it('of one approver has another name for its decision than that of the next link', async () => {
    await press(await link());
    await press(await link());
    expect(cluster.decisions.size).toBe(2);
  });

  it('whose token is in no log, whatever goes wrong', async () => {
    const path = await link();
    cluster.fails = { error: new Error('nobody foresaw this'), after: false };
    expect((await press(path)).status).toBe(500);
    await look('/l/x');
    expect(lines.join('')).toContain('nobody foresaw');
    expect(lines.join('')).not.toContain(path.slice('/l/'.length));
  });

  it.each([
    [
      'settled',
      { conditions: [{ type: 'Settled', status: 'True', reason: 'x', message: '', lastTransitionTime: '' }] },
      /nothing left to decide/,
    ],
    ['changed', { subjectDigest: `v1:sha256:${'0'.repeat(64)}` }, /has changed since the mail/],
  ])('about what is %s meanwhile decides nothing', async (_what, status, says) => {
    const path = await link();
    cluster.request = requestObject(status);
    for (const answer of [await look(path), await press(path)])
      expect([answer.status, await answer.text()]).toEqual([410, expect.stringMatching(says) as string]);
    expect(cluster.decisions.size).toBe(0);
  });

  it('about a request that was deleted and made anew is over', async () => {
    const path = await link();
    cluster.request = { ...requestObject(), metadata: { ...requestObject().metadata, uid: 'another' } };
    expect((await press(path)).status).toBe(410);
  });

  it.each<[string, Partial<KnownApprover> | undefined, RegExp]>([
    ['another address', { mail: 'bob@new.corp' }, /sent to a mail address that is not that of bob@corp any more/],
    ['no address', { mail: undefined }, /sent to a mail address that is not that of bob@corp any more/],
    ['no Approver', undefined, /not among the approvers/],
  ])(
    'lies in a mailbox that is another one’s where its approver has %s since: it shows and decides nothing',
    async (_what, change, says) => {
      const path = await link();
      bob = change === undefined || bob === undefined ? undefined : { ...bob, ...change };
      for (const answer of [await look(path), await press(path)]) {
        const page = await answer.text();
        expect([answer.status, page]).toEqual([410, expect.stringMatching(says) as string]);
        expect(page).toContain('href="/sign-in"');
        expect(page).not.toContain('registry.example/wire');
      }
      expect(cluster.decisions.size).toBe(0);
    },
  );

  it('that an earlier version sent, of which the address is not known, decides nothing and says so: nobody’s address has changed', async () => {
    const path = await link();
    await store.db.updateTable('link').set({ mail_hash: '' }).execute();
    for (const answer of [await look(path), await press(path)]) {
      const page = await answer.text();
      expect([answer.status, page]).toEqual([410, expect.stringContaining('sent by an earlier version') as string]);
      expect(page).toContain('Open a newer mail about it if one has come, or sign in.');
      expect(page).not.toContain('is not that of');
    }
    expect(cluster.decisions.size).toBe(0);
  });

  it('decides nothing where the address changes while it is pressed, and is not used up', async () => {
    const path = await link();
    if (bob !== undefined) asked.push(bob, { ...bob, mail: 'bob@new.corp' });
    const answer = await press(path);
    expect([answer.status, await answer.text()]).toEqual([410, expect.stringContaining('sent to a mail address that is not') as string]);
    expect(cluster.decisions.size).toBe(0);
    expect((await press(path)).status).toBe(200);
  });

  it('offers no sign-in where no identity provider is configured, and kubectl in its place', async () => {
    const decided = await link();
    const offered = async (answer: Promise<Response>): Promise<boolean> => /sign.in/i.test(await (await answer).text());
    expect([await offered(look(decided)), await offered(look('/l/x'))]).toEqual([true, true]);
    sessions = undefined;
    expect([await offered(look(decided)), await offered(press(decided))]).toEqual([false, false]);
    cluster.request = requestObject({ stages: [{ ...stage, minimumChannel: 'Web' }] });
    const surer = await (await look(await link())).text();
    expect(surer).toContain('kubectl approve wire-1 -n payments');
    expect(surer).not.toMatch(/href="\/sign-in/);
    expect(await (await call('/l/x', 'GET', undefined, '*/*')).json()).toMatchObject({
      detail: expect.stringMatching(/or use kubectl approve\.$/) as string,
    });
  });

  it('of somebody who is no Approver any more is over', async () => {
    expect((await press(await link({ approver: 'mallory@corp' }))).status).toBe(410);
  });

  it.each([undefined, 'Slack', 'Web', 'Kubernetes'])(
    'decides nothing where every open stage wants the channel %s',
    async (minimumChannel) => {
      const path = await link();
      cluster.request = requestObject({ stages: [{ ...stage, minimumChannel }] });
      expect(await (await look(path)).text()).toContain('Please sign in to decide this');
      expect((await press(path)).status).toBe(403);
      expect(cluster.decisions.size).toBe(0);
    },
  );

  it.each([true, false])(
    'to reject decides whatever channel the stages want, whether anybody can sign in (%s): a no counts by every one',
    async (canSignIn) => {
      if (!canSignIn) sessions = undefined;
      cluster.request = requestObject({ stages: [{ ...stage, minimumChannel: 'Kubernetes' }] });
      const path = await link({ verdict: 'Reject' });
      const page = await (await look(path)).text();
      expect(page).toContain('value="Reject"');
      expect(page).not.toMatch(/kubectl approve|Please sign in/);
      expect((await call(path, 'POST', 'verdict=Reject')).status).toBe(200);
      expect([...cluster.decisions.values()]).toMatchObject([{ spec: { verdict: 'Reject', via: 'Email' } }]);
    },
  );

  it('shows nothing of the work to whoever may not read it, who may refuse it and not agree to it', async () => {
    cluster.mayRead = false;
    const path = await link();
    const page = await (await look(path)).text();
    expect(page).toContain('You may not read it in this namespace');
    expect(page).not.toContain('registry.example/wire');
    expect(page).not.toContain('value="Approve"');
    expect((await press(path)).status).toBe(409);
    expect((await press(await link({ verdict: 'Reject' }), '')).status).toBe(422);
    expect((await call(await link({ verdict: 'Reject' }), 'POST', 'verdict=Reject')).status).toBe(200);
  });

  it('shows the work, and that its digest is the one on record, or that it is not', async () => {
    const path = await link();
    const page = await (await look(path)).text();
    for (const fact of ['registry.example/wire:1', 'computed anew from what is shown here: the same', 'value="Approve"'])
      expect(page).toContain(fact);
    cluster.request = { ...requestObject(), spec: { ...spec, reason: 'put in afterwards' } };
    expect(await (await look(path)).text()).toContain('what is stored is not what was digested');
    expect((await press(path)).status).toBe(409);
    expect(cluster.decisions.size).toBe(0);
  });

  it('is a problem in JSON for programs', async () => {
    const answer = await call('/l/x', 'GET', undefined, '*/*');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'application/problem+json']);
  });
});
