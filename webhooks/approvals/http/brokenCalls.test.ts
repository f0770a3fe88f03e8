import type { RequestListener } from 'node:http';
import { connect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { signAuthority, signLeaf } from '../../../operator/kube/certificateAuthority.ts';
import { tlsServer } from '../../../operator/kube/tlsServer.ts';
import { silentLogger } from '../../../operator/telemetry/logger.ts';
import { answerBrokenCalls } from './brokenCalls.ts';

const authority = await signAuthority(Date.now());
const certificate = await signLeaf(authority, { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], now: Date.now() });
/** So that a call that does not come is given up soon. */
const impatient = { requestTimeout: 50, headersTimeout: 50, connectionsCheckingInterval: 10 };

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

/** Everything that is answered to these bytes, until the connection closes. */
async function answerTo(sent: string, listener: RequestListener, options: object = {}): Promise<string> {
  const { server, listen } = tlsServer(certificate, options, listener, silentLogger());
  answerBrokenCalls(server, silentLogger());
  closers.push(() => server.close());
  const socket = connect({ port: await listen(0, '127.0.0.1'), host: '127.0.0.1', ca: authority.cert });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A connection that is reset has been answered nothing more either.
  socket.on('error', () => undefined);
  socket.write(sent);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
}

/** Answers once the whole body is read, as every route does that takes one. */
const reading: RequestListener = (request, response) => void request.on('end', () => response.end('read')).resume();

const call = 'POST / HTTP/1.1\r\nhost: x\r\n';
const badChunk = `${call}transfer-encoding: chunked\r\n\r\nZZZ\r\n`;

describe('a call whose body breaks off', () => {
  it.each<[string, string, object, string]>([
    ['it is too slow', `${call}content-length: 10\r\n\r\n{"a"`, impatient, '408 Request Timeout'],
    ['a chunk of it cannot be read', badChunk, {}, '400 Bad Request'],
  ])('is answered with a problem where %s', async (_what, sent, options, status) => {
    const answer = await answerTo(sent, reading, options);
    expect(answer.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
    expect(answer).toContain('content-type: application/problem+json');
  });

  it('is answered nothing more where its answer has begun', async () => {
    const answer = await answerTo(badChunk, (_request, response) => void response.writeHead(202).write('begun'));
    expect(answer.match(/HTTP\/1\.1/g) ?? []).not.toContain('HTTP/1.1 400');
    expect(answer).not.toContain('problem+json');
  });

  it('is answered nothing where a call before it still waits for its own answer', async () => {
    const arrived: string[] = [];
    const waits: RequestListener = (request, response) => {
      arrived.push(request.method ?? '');
      if (request.method === 'POST') reading(request, response);
    };
    expect(await answerTo(`GET / HTTP/1.1\r\nhost: x\r\n\r\n${badChunk}`, waits)).toBe('');
    expect(arrived[0]).toBe('GET');
  });
});
