import { createHmac, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAllowedHost } from '../../../operator/core/httpAllow.ts';
import type { Person } from '../../../operator/core/eligibility.ts';
import { requesterStamp } from '../../../operator/core/requesterStamp.ts';
import { HttpCaller, type HttpCallerOptions } from '../../../operator/notify/httpCaller.ts';
import { noAnswerSentence } from '../../../operator/notify/notReached.ts';
import { sharedSignatures } from '../../../operator/notify/signature.ts';
import { digestA, minutes } from '../../../test/fixtures/facts.ts';
import { HttpsPeer } from '../../../test/fixtures/httpsPeer.ts';
import { conditionOf, known, settled, vote } from '../../../test/fixtures/knownRequests.ts';
import { owed } from '../../../test/fixtures/store/owed.ts';
import type { Found } from '../channels/secrets.ts';
import { keyRoutes } from '../routes/keys.ts';
import { knownRequest, type KnownRequest } from '../requests.ts';
import type { Delivery } from '../store/outbox.ts';
import { CallbackDeliverer, messageId } from './deliverer.ts';
import { callbacksDue } from './due.ts';
import type { CallbackPayload } from './payload.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const old = generateKeyPairSync('ed25519');
const now = minutes(10);
let peer: HttpsPeer;
beforeAll(async () => {
  peer = await HttpsPeer.start();
});
afterAll(() => peer.stop());
beforeEach(() => {
  peer.calls.length = 0;
  peer.answers((_call, response) => response.end());
});

const asking = (url: string, more: object = {}): KnownRequest => {
  const base = known({
    phase: 'Approved',
    decisions: [vote('bob@corp', { response: { amount: 5 } }), vote('eve@corp', { counted: false })],
    conditions: settled(true, 'Approved'),
    response: { amount: 5 },
  });
  const spec = { ...base.spec, callback: { url, ...more }, checkpoint: { workflowId: 'w-1', checkpointId: 'c-3' } };
  return { ...base, spec };
};

function deliveryOf(url: string, more: object = {}): Delivery {
  const [due] = callbacksDue(asking(url, more), undefined, now);
  if (due === undefined) throw new Error('nothing is owed');
  return { ...owed(1), ...due, id: 'id', state: 'Pending', attempts: 1, nextAt: now, createdAt: now, doneAt: null, reference: undefined };
}

interface Around {
  readonly may?: (person: Person) => boolean;
  readonly secret?: Found;
  /** The request, where it is still known when its callback is delivered. */
  readonly request?: KnownRequest;
}

function calling({
  may = () => true,
  secret = { data: {} },
  request,
  ...more
}: Partial<HttpCallerOptions> & Around = {}): CallbackDeliverer {
  const outside = new HttpCaller({
    allowed: [parseAllowedHost(peer.host)].filter((host) => host !== undefined),
    ca: peer.ca,
    key: () => Promise.resolve(privateKey),
    ...more,
  });
  const permissions = { may: (person: Person) => Promise.resolve(may(person)) };
  const known = { requests: { byUid: (uid: string) => (request?.uid === uid ? request : undefined) } };
  return new CallbackDeliverer({ outside, permissions, known, secrets: { read: () => Promise.resolve(secret) }, now: () => now });
}

const jwks = async () => {
  const [route] = keyRoutes({ publicKeys: () => Promise.resolve([publicKey, old.publicKey]) });
  return (await route?.handle({} as never))?.body as { keys: { kid: string }[] };
};

interface Message {
  readonly headers: object;
  readonly body: string;
  readonly jwks: object;
  readonly isExpected: (request: { id: string; requester: string }) => boolean;
  readonly now?: number;
}
type Checks = (message: Message) => boolean;

/** The code of the guide, as its readers would run it. */
async function fromTheGuide(): Promise<Checks> {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/guides/callbacks.md'), 'utf8');
  const code = /```js\n(.*?)```/s.exec(page)?.[1] ?? '';
  return ((await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { isAnswer: Checks }).isAnswer;
}

describe('a callback', () => {
  it('tells what came of it, and gives back the checkpoint; the code of the guide believes it, and nothing else', async () => {
    expect(await calling().deliver(deliveryOf(peer.url('/done')))).toMatchObject({ what: 'taken' });
    const [call] = peer.calls;
    const { headers = {}, body = '' } = call ?? {};
    expect(call).toMatchObject({ method: 'POST', path: '/done' });
    expect(headers['webhook-id']).toBe(messageId('uid-1/Settled/callback'));
    expect(headers['x-webhook-signature']).toBeUndefined();
    expect(JSON.parse(body)).toMatchObject({
      type: 'approval.settled',
      data: {
        request: { id: 'uid-1', namespace: 'payments', name: 'wire-4711', operation: 'wire-transfer', requester: 'alice@corp' },
        outcome: 'Approved',
        digest: digestA,
        response: { amount: 5 },
        checkpoint: { workflowId: 'w-1', checkpointId: 'c-3' },
        decisions: [{ approver: 'bob@corp', verdict: 'Approve', response: { amount: 5 } }],
      },
    });
    const isAnswer = await fromTheGuide();
    const keys = await jwks();
    expect(keys.keys).toHaveLength(2);
    const isExpected: Message['isExpected'] = ({ id, requester }) => id === 'uid-1' && requester === 'alice@corp';
    const message = { headers, body, jwks: keys, isExpected, now };
    expect(isAnswer(message)).toBe(true);
    // Of somebody else, who had it sent here: signed as well, and no answer to what was asked.
    expect(isAnswer({ ...message, isExpected: ({ id }) => id === 'uid-2' })).toBe(false);
    expect(isAnswer({ ...message, body: `${body} ` })).toBe(false);
    expect(isAnswer({ ...message, headers: { ...headers, 'webhook-id': 'msg_other' } })).toBe(false);
    expect(isAnswer({ ...message, now: now + 301_000 })).toBe(false);
    expect(isAnswer({ ...message, jwks: { keys: keys.keys.slice(1) } })).toBe(false);
  });

  it('has a target of its own in each namespace, so that none holds up the callbacks of another', () => {
    const targets = ['payments', 'lending'].flatMap((namespace) =>
      callbacksDue({ ...asking('https://bank.example/done'), namespace }, undefined, now).map(({ target }) => target),
    );
    expect(targets).toEqual(['payments https://bank.example', 'lending https://bank.example']);
  });

  it('is signed with the secret of the namespace besides, where the requester may read it', async () => {
    const secretRef = { name: 'cb', key: 'secret' };
    const secret = { data: { secret: 'shared\n' } };
    expect(await calling({ secret }).deliver(deliveryOf(peer.url('/'), { secretRef }))).toMatchObject({ what: 'taken' });
    const { headers = {}, body = '' } = peer.calls[0] ?? {};
    const sign = (text: string) => createHmac('sha256', 'shared').update(text);
    expect(headers['x-webhook-signature']).toBe(sign(body).digest('hex'));
    const { v1 } = sharedSignatures('shared', { id: String(headers['webhook-id']), at: now, body });
    expect(String(headers['webhook-signature']).split(' ')).toEqual([v1, expect.stringMatching(/^v1a,/)]);
    peer.calls.length = 0;
    const refused = await calling({ secret, may: () => false }).deliver(deliveryOf(peer.url('/'), { secretRef }));
    expect(refused).toMatchObject({
      what: 'refused',
      refused: { final: true, message: expect.stringContaining('alice@corp, who wrote the request, may not get Secret cb') as string },
    });
    const missing = await calling({ secret: { reason: 'SecretForbidden', fault: '' } }).deliver(deliveryOf(peer.url('/'), { secretRef }));
    expect(missing).toMatchObject({ refused: { final: false, message: expect.stringContaining('callback-secret.yaml') as string } });
    expect(peer.calls).toEqual([]);
  });

  it('is signed with no Secret that only the person could read in whose name somebody else asked', async () => {
    const bot: Person = { username: 'system:serviceaccount:payments:bot', groups: ['system:serviceaccounts'] };
    const metadata = {
      uid: 'uid-1',
      namespace: 'payments',
      name: 'wire-4711',
      annotations: { ...requesterStamp(bot, 'alice@corp') },
    };
    const { spec, status } = asking(peer.url('/'), { secretRef: { name: 'cb', key: 'secret' } });
    const inNameOf = { username: 'alice@corp', groups: [], submittedBy: bot.username };
    const written = knownRequest({ metadata, spec, status: { ...status, requester: inNameOf } } as never);
    const deliver = async (request: KnownRequest, allowed: string) => {
      const asked: Person[] = [];
      const may = (person: Person): boolean => {
        asked.push(person);
        return person.username === allowed;
      };
      const [due] = callbacksDue(request, undefined, now);
      const delivery = { ...deliveryOf(peer.url('/')), payload: due?.payload };
      return { came: await calling({ may, request, secret: { data: { secret: 'shared' } } }).deliver(delivery), asked };
    };
    const { came, asked } = await deliver(written, 'alice@corp');
    expect(came).toMatchObject({ refused: { final: true, message: expect.stringContaining(`${bot.username}, who wrote`) as string } });
    expect(asked).toEqual([bot]);
    expect((await deliver(written, bot.username)).came).toMatchObject({ what: 'taken' });
    const nobodys = knownRequest({ metadata: { ...metadata, annotations: {} }, spec, status: { ...status, requester: inNameOf } } as never);
    const unknown = await deliver(nobodys, 'alice@corp');
    expect(unknown.came).toMatchObject({ refused: { final: false, message: expect.stringContaining('nobody knows who wrote') as string } });
    expect(unknown.asked).toEqual([]);
    expect(peer.calls).toHaveLength(1);
  });

  it('that an earlier version owed is signed for whoever wrote the request, as far as that is known', async () => {
    const { payload, ...rest } = deliveryOf(peer.url('/'), { secretRef: { name: 'cb', key: 'secret' } });
    const { author, ...before } = payload as CallbackPayload;
    // Whom that version thought it to be is believed by none.
    const owedBefore = { ...rest, payload: { ...before, requester: { username: 'mallory@corp', groups: [] } } };
    const asked: string[] = [];
    const may = ({ username }: Person): boolean => {
      asked.push(username);
      return true;
    };
    const around = { may, secret: { data: { secret: 'shared' } } };
    const request = asking(peer.url('/'));
    expect(await calling({ ...around, request }).deliver(owedBefore)).toMatchObject({ what: 'taken' });
    expect(peer.calls[0]?.headers['x-webhook-signature']).toBeDefined();
    expect(asked).toEqual([author?.username]);
    const gone = await calling(around).deliver(owedBefore);
    expect(gone).toMatchObject({ refused: { final: false, message: expect.stringContaining('nobody knows who wrote') as string } });
    expect([asked.length, peer.calls.length]).toEqual([1, 1]);
  });

  it.each<[number, boolean, Record<string, string>]>([
    [410, true, {}],
    [500, false, {}],
    [404, false, {}],
    [302, false, { location: 'https://localhost/elsewhere' }],
    [429, false, { 'retry-after': '7' }],
  ])('that is answered with %i is over: %s; and nothing else is called', async (status, final, headers) => {
    peer.answers((_call, response) => response.writeHead(status, headers).end('nothing of this is told'));
    const came = await calling().deliver(deliveryOf(peer.url('/')));
    expect(came).toMatchObject({ what: 'refused', refused: { final, ...(status === 429 ? { retryAfterMs: 7_000 } : {}) } });
    expect(JSON.stringify(came)).not.toContain('nothing of this');
    expect(peer.calls).toHaveLength(1);
  });

  it.each([
    'https://169.254.169.254/latest/meta-data',
    'https://2852039166/',
    'https://[::ffff:169.254.169.254]/',
    'https://[2002:a9fe:a9fe::]/',
    'https://127.0.0.1/',
    'https://10.0.0.1/',
    'https://public.example:8443/',
    'https://user:word@public.example/',
  ])('to %s calls nobody', async (url) => {
    const asked: string[] = [];
    const resolve: HttpCallerOptions['resolve'] = (hostname, _options, done) => {
      asked.push(hostname);
      done(null, []);
    };
    expect(await calling({ resolve }).deliver(deliveryOf(url))).toMatchObject({ what: 'refused', refused: { final: true } });
    expect(asked).toEqual([]);
  });

  it('to a name that leads inside calls nobody, whatever else it leads to', async () => {
    const resolve: HttpCallerOptions['resolve'] = (_hostname, _options, done) =>
      done(null, [
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    const came = await calling({ resolve }).deliver(deliveryOf('https://public.example/'));
    const cause = expect.stringContaining('no public address') as string;
    expect(came).toMatchObject({ refused: { final: false, message: noAnswerSentence, cause } });
    expect(peer.calls).toEqual([]);
  });
});

describe('the callbacks that are owed', () => {
  const types = (request: KnownRequest, execution?: object): string[] =>
    callbacksDue(request, execution as never, now).map(({ event, key }) => `${event} ${key}`);
  const url = 'https://hooks.example.com/x';

  it('are one when it is settled and one when the work has ended, and none a day later or where nobody asked', () => {
    expect(types(asking(url))).toEqual(['Settled uid-1/Settled/callback']);
    expect(types(known())).toEqual([]);
    expect(types(known({ conditions: settled(true, 'Approved') }))).toEqual([]);
    expect(callbacksDue(asking(url), undefined, now + 25 * 3_600_000)).toEqual([]);
  });

  it('wait for what a GovernedJob put out', () => {
    const request = asking(url);
    const resource = { apiVersion: 'countersign.dev/v1alpha1', kind: 'GovernedJob', name: 'g', uid: 'g-uid' } as const;
    const ended: KnownRequest = {
      ...request,
      spec: { ...request.spec, subject: { resource } },
      status: known({ conditions: [...settled(true, 'Approved'), conditionOf('Completed', 'True', 'Succeeded', 3)] }).status,
    };
    expect(types(ended, { uid: 'g-uid', status: { phase: 'Running' } })).toHaveLength(1);
    const due = callbacksDue(
      ended,
      { uid: 'g-uid', status: { phase: 'Succeeded', completedAt: 'now', outputs: { id: 'TXN' } } } as never,
      now,
    );
    expect(due.map(({ event }) => event)).toEqual(['Settled', 'Completed']);
    expect(JSON.parse((due[1]?.payload as CallbackPayload).body)).toMatchObject({
      type: 'approval.completed',
      data: { execution: { id: 'g-uid', outputs: { id: 'TXN' } } },
    });
  });

  it('leave out reasons and answers rather than become too large', () => {
    const request = asking(url);
    const decisions = Array.from({ length: 100 }, (_, i) => vote(`p${i}`, { response: { text: 'x'.repeat(16_000) } }));
    const { status } = known({ conditions: settled(true, 'Approved'), decisions });
    const [due] = callbacksDue({ ...request, status }, undefined, now);
    const { body } = due?.payload as CallbackPayload;
    expect(body.length).toBeLessThan(256 * 1024);
    expect(JSON.parse(body)).toMatchObject({ data: { truncated: true } });
  });
});

it('The shared signature is that of Standard Webhooks', () => {
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1_614_265_330_000, body: '{"test": 2432232314}' };
  expect(sharedSignatures('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', message).v1).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});
