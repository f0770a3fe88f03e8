import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { noticedRequest } from '../../../test/fixtures/notices.ts';
import type { Stand } from '../../../test/fixtures/standIns/contract.ts';
import { startHttpStand } from '../../../test/fixtures/standIns/http.ts';
import { standInKey } from '../../../test/fixtures/standIns/key.ts';
import { checkModal, slackStand, slackToken } from '../../../test/fixtures/standIns/slack.ts';
import { NotificationChannelSpec } from '../../../crds/v1alpha1/index.ts';
import { parseAllowedHost } from '../../../operator/core/httpAllow.ts';
import { ApiError } from '../../../operator/kube/client/apiError.ts';
import { HttpCaller } from '../../../operator/notify/httpCaller.ts';
import { silentLogger } from '../../../operator/telemetry/logger.ts';
import type { KnownApprover } from '../callers/directory.ts';
import { Channels } from '../channels/channels.ts';
import { findingAmong, targetOf, type KnownChannel } from '../channels/known.ts';
import type { Call } from '../http/route.ts';
import { openStore, type Store } from '../store/index.ts';
import { SlackInteractions, slackRoutes, type SlackDeps } from './slack.ts';

const signingSecret = '8f742231b10e8888abcd99yyyzzz85a5';
const now = Date.UTC(2026, 10, 21, 12, 0, 0);
const { namespace, name, uid, digest } = noticedRequest;
const subject = { namespace, name, uid, digest };
const bob: KnownApprover = { name: 'bob', username: 'bob@corp', groups: ['finance'], mail: 'bob@corp.example', slackId: 'U0BOB' };
const carol: KnownApprover = { name: 'carol', username: 'carol@corp', groups: ['finance'], mail: 'carol@corp.example', slackId: undefined };
const team = 'T0123456789';

let stand: Stand;
let store: Store;
let folder: string;
let caller: HttpCaller;
const whispers = (): { text: string; response_type: string }[] =>
  stand.called.flatMap((call) => {
    const { path, body } = JSON.parse(call) as { path: string; body: string };
    return path === '/hooks/1' ? [JSON.parse(body) as { text: string; response_type: string }] : [];
  });
const opened: Record<string, unknown>[] = [];
let info: Record<string, unknown> = {};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slack-'));
  store = await openStore({ url: `sqlite:${join(folder, 'store.db')}` });
  stand = await startHttpStand(
    slackStand({
      'views.open': (body, complain) => {
        checkModal(body['view'], complain);
        opened.push(body);
        return { ok: true, view: {} };
      },
      'users.info': (body) => ({ ok: true, user: { id: body['user'], team_id: team, ...info } }),
    }),
  );
  caller = new HttpCaller({
    allowed: [parseAllowedHost(stand.host)!],
    ca: stand.ca,
    key: () => Promise.resolve(standInKey),
    timeoutMs: 1_000,
  });
});
afterEach(() => {
  stand.forgets();
  opened.length = 0;
  info = {};
});
afterAll(async () => {
  await caller.close();
  await stand.stop();
  await store.close();
  rmSync(folder, { recursive: true });
});

interface Given {
  readonly kind?: KnownChannel['kind'];
  readonly create?: SlackDeps['client']['create'];
  readonly waitMs?: number;
  readonly patienceMs?: number;
  readonly directory?: readonly KnownApprover[];
}

function serviceWith({
  kind = 'ClusterNotificationChannel',
  create,
  waitMs = 0,
  patienceMs = 2_000,
  directory = [bob, carol],
}: Given = {}) {
  const written: { spec: Record<string, unknown> }[] = [];
  const channel: KnownChannel = {
    kind,
    ...(kind === 'NotificationChannel' ? { namespace: 'payments' } : {}),
    name: 'slack',
    uid: 'c',
    generation: 1,
    spec: NotificationChannelSpec.parse({ type: 'Slack', config: { ...stand.config, team }, secretRef: { name: 's' } }),
    conditions: [],
  };
  const known = findingAmong(
    () => [channel],
    (target) => (target === targetOf(channel) ? channel : undefined),
  );
  const channels = new Channels({
    known: known as never,
    secrets: { read: () => Promise.resolve({ data: { token: slackToken, signingSecret } }) },
    ownNamespace: 'countersign-system',
    outside: caller,
  });
  const request = { uid, namespace, name, status: { subjectDigest: digest, phase: 'Reviewing' } };
  const slack = new SlackInteractions({
    channels,
    directory: {
      bySlackId: (id) => directory.find(({ slackId }) => slackId === id),
      byMail: (mail) => directory.find((one) => one.mail === mail.toLowerCase()),
    },
    known: { requests: { byUid: (id: string) => (id === uid ? request : undefined) } } as never,
    client: {
      create:
        create ??
        ((_type: unknown, _namespace: unknown, object: object) => {
          written.push(object as (typeof written)[number]);
          return Promise.resolve({ metadata: { name: 'd' }, ...object } as never);
        }),
      get: () => Promise.reject(new ApiError(404, 'NotFound', 'there is no such decision')),
    } as never,
    takeDecision: () => Promise.resolve(waitMs),
    log: silentLogger(),
    patienceMs,
  });
  const [only] = slackRoutes({ slack, store, now: () => now });
  return { route: only!, slack, written };
}

let count = 0;
interface Sent {
  readonly at?: number;
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}
function callOf(payload: object | string, { at = now, secret = signingSecret, headers }: Sent = {}): Call<never, never, never, never> {
  count += 1;
  const text = typeof payload === 'string' ? payload : JSON.stringify({ ...payload, count });
  const raw = Buffer.from(new URLSearchParams({ payload: text }).toString());
  const timestamp = String(Math.floor(at / 1000));
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(raw).digest('hex')}`;
  const sent = headers ?? { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': signature };
  return { rawBody: raw, headers: sent } as Call<never, never, never, never>;
}

const user = (id: string, more: object = {}) => ({ id, team_id: team, username: 'whoever-they-say', name: 'bob', ...more });
const click = (who: object, action = 'countersign-approve', value: object = subject) => ({
  type: 'block_actions',
  user: who,
  team: { id: team },
  trigger_id: '1.2.abc',
  response_url: String(stand.config['apiUrl']).replace('/api', '/hooks/1'),
  actions: [{ action_id: action, value: JSON.stringify(value) }],
});
const submission = (who: object, more: { verdict?: string; reason?: string; id?: string; digest?: string } = {}) => ({
  type: 'view_submission',
  user: who,
  team: { id: team },
  view: {
    id: more.id ?? `V${count}`,
    callback_id: 'countersign-decide',
    private_metadata: JSON.stringify({
      ...subject,
      digest: more.digest ?? digest,
      verdict: more.verdict ?? 'Approve',
      responseUrl: String(stand.config['apiUrl']).replace('/api', '/hooks/1'),
    }),
    state: { values: { reason: { value: { value: more.reason ?? 'looks right' } }, ticket: { value: { value: null } } } },
  },
});

describe('a call that claims to be from Slack', () => {
  it.each<[string, (payload: object) => Call<never, never, never, never>]>([
    ['without a signature', (p) => callOf(p, { headers: {} })],
    ['with a wrong signature', (p) => callOf(p, { secret: 'another' })],
    ['that is stale', (p) => callOf(p, { at: now - 301_000 })],
    ['from the future', (p) => callOf(p, { at: now + 301_000 })],
  ])('%s is refused with 401, and nothing happens', async (_what, call) => {
    const { route, slack, written } = serviceWith();
    await expect(route.handle(call(submission(user('U0BOB'))))).rejects.toMatchObject({ status: 401, code: 'not-from-slack' });
    await slack.settled();
    expect([written, stand.called]).toEqual([[], []]);
  });

  it('that comes a second time is refused, and decides once', async () => {
    const { route, written } = serviceWith();
    const call = callOf(submission(user('U0BOB')));
    expect(await route.handle(call)).toEqual({ status: 200 });
    await expect(route.handle(call)).rejects.toMatchObject({ status: 401 });
    expect(written).toHaveLength(1);
  });

  it('signed with the secret of a channel of a namespace is not believed: whoever wrote that could name any clicker', async () => {
    const { route, written } = serviceWith({ kind: 'NotificationChannel' });
    await expect(route.handle(callOf(submission(user('U0BOB'))))).rejects.toMatchObject({ status: 401 });
    expect(written).toEqual([]);
  });

  it.each([['{'], ['null'], ['{"type":"shortcut"}'], ['[]'], ['{"type":"block_actions"}']])(
    'about %s is taken, and nothing comes of it',
    async (text) => {
      const { route, written } = serviceWith();
      expect(await route.handle(callOf(`${text}${' '.repeat((count += 1))}`))).toEqual({ status: 200 });
      expect([written, stand.called]).toEqual([[], []]);
    },
  );
});

describe('a click on a button', () => {
  it.each([
    ['countersign-approve', 'Approve'],
    ['countersign-reject', 'Reject'],
  ])('%s is answered at once, and opens the form that asks for the reason', async (action, verdict) => {
    const { route, slack, written } = serviceWith();
    expect(await route.handle(callOf(click(user('U0BOB'), action)))).toEqual({ status: 200 });
    await slack.settled();
    expect(stand.complaints).toEqual([]);
    expect(opened).toHaveLength(1);
    const view = opened[0]!['view'] as { private_metadata: string };
    expect(JSON.parse(view.private_metadata)).toMatchObject({ ...subject, verdict });
    expect(JSON.stringify(view)).toContain('As bob@corp');
    expect(written).toEqual([]);
  });

  it('by somebody who is not known is answered to them alone', async () => {
    const { route, slack } = serviceWith();
    await route.handle(callOf(click(user('U0EVE'))));
    await slack.settled();
    expect(opened).toEqual([]);
    expect(whispers()).toEqual([
      expect.objectContaining({ response_type: 'ephemeral', text: expect.stringMatching(/does not know who you are/) }),
    ]);
  });

  it('that opens a link is taken, and that is all', async () => {
    const { route, slack } = serviceWith();
    expect(await route.handle(callOf(click(user('U0BOB'), 'countersign-open')))).toEqual({ status: 200 });
    await slack.settled();
    expect(stand.called).toEqual([]);
  });
});

describe('the form that is submitted', () => {
  it('decides as the Approver whose Slack id it is, whatever the message or the profile says', async () => {
    const { route, written } = serviceWith();
    expect(await route.handle(callOf(submission(user('U0BOB'), { verdict: 'Reject', reason: ' no ' })))).toEqual({ status: 200 });
    expect(written).toHaveLength(1);
    expect(written[0]!.spec).toMatchObject({
      requests: [{ name, uid, digest }],
      verdict: 'Reject',
      reason: 'no',
      approver: 'bob@corp',
      groups: ['finance', 'system:authenticated'],
      via: 'Slack',
    });
  });

  it('decides as the Approver whose mail address Slack has verified', async () => {
    info = { is_email_confirmed: true, profile: { email: 'Carol@corp.example' } };
    const { route, written } = serviceWith();
    expect(await route.handle(callOf(submission(user('U0CAROL'))))).toEqual({ status: 200 });
    expect(written[0]!.spec).toMatchObject({ approver: 'carol@corp', via: 'Slack' });
  });

  it.each<[string, Record<string, unknown>, object]>([
    ['whose address is not verified', { is_email_confirmed: false, profile: { email: 'carol@corp.example' } }, {}],
    ['of whose address Slack says nothing', { profile: { email: 'carol@corp.example' } }, {}],
    ['who has left', { is_email_confirmed: true, deleted: true, profile: { email: 'carol@corp.example' } }, {}],
    ['who is a bot', { is_email_confirmed: true, is_bot: true, profile: { email: 'carol@corp.example' } }, {}],
    ['who is a stranger', { is_email_confirmed: true, is_stranger: true, profile: { email: 'carol@corp.example' } }, {}],
    ['of another workspace', { is_email_confirmed: true, team_id: 'T0EVIL', profile: { email: 'carol@corp.example' } }, {}],
    ['who clicks from another workspace', { is_email_confirmed: true, profile: { email: 'carol@corp.example' } }, { team_id: 'T0EVIL' }],
    ['whose address is of somebody with another Slack id', { is_email_confirmed: true, profile: { email: 'bob@corp.example' } }, {}],
  ])('by somebody %s decides nothing, and says so to them alone', async (_who, said, more) => {
    info = said;
    const { route, written } = serviceWith();
    expect(await route.handle(callOf(submission(user('U0SOMEBODY', more))))).toMatchObject({
      status: 200,
      body: { response_action: 'errors', errors: { reason: expect.stringMatching(/does not know who you are/) as string } },
    });
    expect(written).toEqual([]);
  });

  it('by an approver from another workspace decides nothing, though the Slack id is right', async () => {
    const { route, written } = serviceWith();
    await route.handle(callOf(submission(user('U0BOB', { team_id: 'T0EVIL' }))));
    expect(written).toEqual([]);
  });

  it('about what has changed since says so in the form', async () => {
    const { route, written } = serviceWith();
    expect(await route.handle(callOf(submission(user('U0BOB'), { digest: `v1:sha256:${'cd'.repeat(32)}` })))).toMatchObject({
      body: { errors: { reason: expect.stringMatching(/has changed/) as string } },
    });
    expect(written).toEqual([]);
  });

  it("that the API server refuses says why in the API server's own sentence", async () => {
    const create = () => Promise.reject(new ApiError(403, 'Forbidden', 'spec.approver: you may not decide this'));
    const { route } = serviceWith({ create: create });
    expect(await route.handle(callOf(submission(user('U0BOB'))))).toMatchObject({
      status: 200,
      body: { response_action: 'errors', errors: { reason: expect.stringMatching(/you may not decide this/) as string } },
    });
  });

  it('by somebody who decides too fast waits', async () => {
    const { route, written } = serviceWith({ waitMs: 100 });
    expect(await route.handle(callOf(submission(user('U0BOB'))))).toMatchObject({
      body: { errors: { reason: expect.stringMatching(/faster/) as string } },
    });
    expect(written).toEqual([]);
  });

  it('that takes longer than Slack waits closes the form, and a refusal is told to them alone later', async () => {
    let refuse: (error: Error) => void = () => undefined;
    const create = () => new Promise((_done, failed) => (refuse = failed));
    const { route, slack } = serviceWith({ create: create as never, patienceMs: 50 });
    expect(await route.handle(callOf(submission(user('U0BOB'))))).toEqual({ status: 200 });
    refuse(new ApiError(403, 'Forbidden', 'not yours <!channel>'));
    await slack.settled();
    expect(whispers()).toEqual([
      expect.objectContaining({ response_type: 'ephemeral', text: expect.stringContaining('not yours &lt;!channel&gt;') }),
    ]);
  });
});
