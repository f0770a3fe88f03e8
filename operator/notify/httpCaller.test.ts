import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HttpsPeer } from '../../test/fixtures/httpsPeer.ts';
import { parseAllowedHost } from '../core/httpAllow.ts';
import { HttpCaller, type HttpCallerOptions } from './httpCaller.ts';
import { noAnswerSentence } from './notReached.ts';
import { publicKeyText } from './signature.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const message = { id: 'uid/pre/tell/0011223344556677', at: Date.UTC(2026, 10, 21), body: '{"a":1}' };

let peer: HttpsPeer;
const callers: HttpCaller[] = [];

beforeAll(async () => {
  peer = await HttpsPeer.start();
});
afterEach(async () => {
  peer.calls.length = 0;
  peer.answers((_call, response) => response.end());
  await Promise.all(callers.splice(0).map((caller) => caller.close()));
});
afterAll(() => peer.stop());

function callerFor(allowed: readonly string[], more: Partial<HttpCallerOptions> = {}): HttpCaller {
  const caller = new HttpCaller({
    allowed: allowed.map((text) => parseAllowedHost(text)!),
    ca: peer.ca,
    key: () => Promise.resolve(privateKey),
    ...more,
  });
  callers.push(caller);
  return caller;
}

/** A port of this machine where nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

describe('a call', () => {
  it('carries the signature of Standard Webhooks over id, time and body, which the published key proves', async () => {
    expect(await callerFor([peer.host]).post(peer.url('/hooks'), message)).toEqual({ ok: true, message: 'It answered 200.' });
    const [{ path, headers, body }] = peer.calls as [(typeof peer.calls)[number]];
    expect([path, body, headers['content-type']]).toEqual(['/hooks', '{"a":1}', 'application/json']);
    expect(headers).toMatchObject({ 'webhook-id': message.id, 'webhook-timestamp': '1795219200' });
    const [version, signature] = String(headers['webhook-signature']).split(',');
    expect(version).toBe('v1a');
    // As a receiver does it, who knows nothing but the text of the key.
    const raw = Buffer.from(publicKeyText(publicKey).replace('whpk_', ''), 'base64');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
    const said = (text: string) => verify(null, Buffer.from(`${message.id}.1795219200.${text}`), key, Buffer.from(signature!, 'base64'));
    expect([said(body), said('{"a":2}')]).toEqual([true, false]);
  });

  it.each([200, 201, 204, 299])('is done when it is answered with %i', async (status) => {
    peer.answers((_call, response) => response.writeHead(status).end());
    expect(await callerFor([peer.host]).post(peer.url('/'), message)).toMatchObject({ ok: true });
  });

  it.each([301, 400, 404, 500, 503])('has failed when it is answered with %i, and may be tried again', async (status) => {
    peer.answers((_call, response) => response.writeHead(status, { location: peer.url('/elsewhere') }).end());
    expect(await callerFor([peer.host]).post(peer.url('/'), message)).toEqual({
      ok: false,
      message: `It answered ${status}, expected 2xx.`,
    });
  });

  it('follows no redirect, which would lead where nobody looked whether that is allowed', async () => {
    peer.answers((_call, response) => response.writeHead(307, { location: peer.url('/elsewhere') }).end());
    await callerFor([peer.host]).post(peer.url('/'), message);
    expect(peer.calls.map((call) => call.path)).toEqual(['/']);
  });

  it('does not wait for ever', async () => {
    peer.answers(() => undefined);
    const answer = await callerFor([peer.host], { timeoutMs: 200 }).post(peer.url('/'), message);
    expect(answer).toEqual({ ok: false, message: noAnswerSentence, cause: 'it took too long' });
  });

  it('does not read for ever', async () => {
    peer.answers((_call, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(64 * 1024)));
        response.once('drain', more);
      };
      more();
    });
    const answer = await callerFor([peer.host], { timeoutMs: 5_000 }).post(peer.url('/'), message);
    expect(answer).toEqual({ ok: true, message: 'It answered 200.' });
  });

  it('trusts nobody whose authority it was not told of', async () => {
    const answer = await callerFor([peer.host], { ca: undefined }).post(peer.url('/'), message);
    expect(answer).toMatchObject({ ok: false, message: noAnswerSentence, cause: expect.stringMatching(/certificate/) as string });
    expect(peer.calls).toEqual([]);
  });

  it('without a key is not made', async () => {
    const key = () => Promise.reject(new Error('The Secret has no key'));
    expect(await callerFor([peer.host], { key }).post(peer.url('/'), message)).toEqual({
      ok: false,
      message: 'No answer: The Secret has no key.',
    });
    expect(peer.calls).toEqual([]);
  });
});

describe('a call to where nobody may call', () => {
  it.each([
    ['that is not listed', () => [] as string[], () => peer.url('/'), /may not be called/],
    ['that is only listed on another port', () => ['localhost'], () => peer.url('/'), /may not be called/],
    [
      'at a private address that is only below what is listed',
      () => [`*.0.0.1:${peer.port}`],
      () => `https://127.0.0.1:${peer.port}/`,
      /^No answer, or no address/,
    ],
  ])('%s is not made, now or later', async (_what, allowed, url, why) => {
    const answer = await callerFor(allowed()).post(url(), message);
    expect(answer).toMatchObject({ ok: false, final: true, message: expect.stringMatching(why) as string });
    expect(peer.calls).toEqual([]);
  });

  it.each([
    ['to this machine', ['127.0.0.1']],
    ['to this machine too', ['1.1.1.1', '127.0.0.1']],
    ['to what a cloud tells its machines', ['169.254.169.254']],
    ['to this machine in another spelling', ['::ffff:127.0.0.1']],
  ])('by a name that leads %s is refused as it connects', async (_where, addresses) => {
    const resolve: HttpCallerOptions['resolve'] = (_name, _options, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    const answer = await callerFor([`*.example.com:${peer.port}`], { resolve }).post(`https://x.example.com:${peer.port}/`, message);
    expect(answer).toMatchObject({
      ok: false,
      message: noAnswerSentence,
      cause: expect.stringMatching(/x\.example\.com is at \S+, which is no public address/) as string,
    });
    expect(peer.calls).toEqual([]);
  });

  it('says the same whether a name leads nowhere, inside, to a closed port or to one that is silent; only administrators read which', async () => {
    const closed = await closedPort();
    peer.answers(() => undefined);
    const asked: [address: string | undefined, port: number, why: RegExp][] = [
      [undefined, peer.port, /ENOTFOUND/],
      ['10.1.2.3', peer.port, /x\.example\.com is at 10\.1\.2\.3, which is no public address/],
      ['127.0.0.1', closed, /ECONNREFUSED/],
      ['127.0.0.1', peer.port, /certificate|took too long/],
    ];
    const said = new Set<string>();
    for (const [address, port, why] of asked) {
      const resolve: HttpCallerOptions['resolve'] = (_name, _options, done) =>
        address === undefined ? done(new Error('getaddrinfo ENOTFOUND x.example.com'), []) : done(null, [{ address, family: 4 }]);
      const allowed = [`${address === '127.0.0.1' ? '' : '*.'}x.example.com:${port}`, `*.example.com:${port}`];
      const { cause, ...rest } = await callerFor(allowed, { resolve, timeoutMs: 200 }).post(`https://x.example.com:${port}/`, message);
      expect(cause).toMatch(why);
      said.add(JSON.stringify(rest));
    }
    expect([...said]).toEqual([JSON.stringify({ ok: false, message: noAnswerSentence })]);
  });

  it('is made when the administrator named that very address', async () => {
    const url = `https://127.0.0.1:${peer.port}/`;
    expect(await callerFor([`127.0.0.1:${peer.port}`]).post(url, message)).toMatchObject({ ok: true });
  });
});

describe('a call without a signature', () => {
  const get = (url: string, known?: readonly string[]) => ({ method: 'GET', url, ...(known === undefined ? {} : { known }) }) as const;

  it('gives the status, what was answered, and how long to wait before the next', async () => {
    peer.answers((_call, response) => response.writeHead(429, { 'retry-after': '7' }).end('{"ok":false}'));
    expect(await callerFor([peer.host]).call(get(peer.url('/')))).toEqual({
      answered: true,
      status: 429,
      retryAfterMs: 7_000,
      body: '{"ok":false}',
    });
    expect(peer.calls[0]!.headers).not.toHaveProperty('webhook-signature');
  });

  it('reads no more than anybody could use', async () => {
    peer.answers((_call, response) => response.end('x'.repeat(65 * 1024)));
    expect(await callerFor([peer.host]).call(get(peer.url('/')))).toEqual({ answered: true, status: 200, body: undefined });
  });

  it('reaches a service that is known without the administrator having listed it, but nothing inside by its name', async () => {
    const resolve: HttpCallerOptions['resolve'] = (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
    const url = `https://api.example.com:${peer.port}/`;
    expect(await callerFor([], { resolve }).call(get(url, [`api.example.com:${peer.port}`]))).toMatchObject({
      answered: false,
      message: noAnswerSentence,
      cause: expect.stringMatching(/api\.example\.com is at 127\.0\.0\.1, which is no public address/) as string,
    });
    expect(await callerFor([]).call(get(`https://127.0.0.1:${peer.port}/`, [`127.0.0.1:${peer.port}`]))).toMatchObject({
      answered: false,
      final: true,
      message: noAnswerSentence,
    });
    expect(peer.calls).toEqual([]);
  });
});

describe('a connection that is no HTTP', () => {
  it('is made to where the administrator allows', async () => {
    const socket = await callerFor([peer.host]).dial('localhost', peer.port);
    expect(socket.remotePort).toBe(peer.port);
    socket.destroy();
  });

  it('is not made elsewhere', async () => {
    await expect(callerFor([]).dial('localhost', peer.port)).rejects.toThrow(/may not be called/);
    await expect(callerFor([`*.0.0.1:${peer.port}`]).dial('127.0.0.1', peer.port)).rejects.toMatchObject({
      message: noAnswerSentence,
      final: true,
      cause: expect.stringMatching(/no public address/) as string,
    });
  });

  it('to nobody says so', async () => {
    await expect(callerFor(['localhost:1']).dial('localhost', 1)).rejects.toMatchObject({
      message: noAnswerSentence,
      cause: expect.stringMatching(/ECONNREFUSED/) as string,
    });
  });
});
