import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import express from 'express';
import { Agent, fetch } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { signAuthority, signLeaf } from '../../../operator/kube/certificateAuthority.ts';
import { silentLogger } from '../../../operator/telemetry/logger.ts';
import type { App } from './app.ts';
import { createApprovalServer, type ApprovalServer } from './server.ts';

const authority = await signAuthority(Date.now());
const leaf = () => signLeaf(authority, { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], now: Date.now() });

const servers: ApprovalServer[] = [];
const agents: Agent[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.destroy()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** An app that answers /slow when `finish` is called, and everything else at once. */
function slowApp() {
  let finish: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (finish = resolve));
  let arrived: () => void = () => undefined;
  const isWaiting = new Promise<void>((resolve) => (arrived = resolve));
  const app = express();
  app.get('/slow', async (_request, response) => {
    arrived();
    await released;
    response.send('late');
  });
  app.get('/', (_request, response) => void response.send('ok'));
  let ended = false;
  const of: App = { express: app, end: () => void (ended = true) };
  return { app: of, finish: () => finish(), isWaiting, hasEnded: () => ended };
}

async function serving(app: App) {
  const server = createApprovalServer(app, await leaf(), silentLogger());
  servers.push(server);
  const port = await server.listen(0, '127.0.0.1');
  const agent = new Agent({ connect: { ca: authority.cert } });
  agents.push(agent);
  const get = async (path: string) => (await fetch(`https://127.0.0.1:${port}${path}`, { dispatcher: agent })).text();
  return { server, port, get };
}

async function servedSerial(port: number): Promise<string> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', ca: authority.cert });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

/** All that is answered to these bytes, until the connection closes. */
async function answerTo(port: number, sent: string): Promise<{ head: string; body: string }> {
  const socket = connect({ port, host: '127.0.0.1', ca: authority.cert });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(sent);
  await once(socket, 'close');
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
  return { head, body };
}

describe('the server', () => {
  it('takes a new certificate into use without being started again, and keeps what is connected', async () => {
    const { server, port, get } = await serving(slowApp().app);
    const before = await servedSerial(port);
    const open = connect({ port, host: '127.0.0.1', ca: authority.cert });
    await once(open, 'secureConnect');
    server.setCertificate(await leaf());
    expect(await servedSerial(port)).not.toBe(before);
    open.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    const [answer] = (await once(open, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(await get('/')).toBe('ok');
  });

  it('speaks nothing older than TLS 1.2, and no plain HTTP', async () => {
    const { port } = await serving(slowApp().app);
    const old = connect({
      port,
      host: '127.0.0.1',
      ca: authority.cert,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    await expect(once(old, 'secureConnect')).rejects.toThrow();
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it.each<[string, string, number, string]>([
    [
      'more than 32 KiB of headers',
      `GET / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${'a'.repeat(40_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    ['headers without an end', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(2_000_000)}`, 431, 'headers-too-large'],
    ['what is no HTTP', 'EHLO mail.example\r\n\r\n', 400, 'not-http'],
  ])('answers %s as a problem, and closes', async (_what, sent, status, code) => {
    const { port, get } = await serving(slowApp().app);
    const { head, body } = await answerTo(port, sent);
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({
      status,
      type: `https://countersign.dev/problems/${code}`,
      instance: expect.any(String) as string,
    });
    expect(await get('/')).toBe('ok');
  });

  it('writes nothing into an answer that is under way, whatever comes behind its call', async () => {
    const slow = slowApp();
    const { port } = await serving(slow.app);
    const answer = answerTo(port, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\nNOT HTTP\r\n\r\n');
    await slow.isWaiting;
    expect(await answer).toEqual({ head: '', body: '' });
    slow.finish();
  });

  it('ends once what is under way is answered, and takes nothing new then', async () => {
    const slow = slowApp();
    const { server, get } = await serving(slow.app);
    const answer = get('/slow');
    await slow.isWaiting;
    let isClosed = false;
    const closing = server.close().then(() => (isClosed = true));
    expect(slow.hasEnded()).toBe(true);
    await expect(get('/')).rejects.toThrow();
    expect(isClosed).toBe(false);
    slow.finish();
    expect(await answer).toBe('late');
    await closing;
  });
});
