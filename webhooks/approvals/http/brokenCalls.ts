import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import { Problem } from './problem.ts';

/** How long and how much is read and dropped of what somebody sends who was refused, so that they get to read why. */
const longestMs = 2_000;

/** What is told of a call that node could not read, by its code. */
const problems: Readonly<Record<string, () => Problem>> = {
  HPE_HEADER_OVERFLOW: () =>
    new Problem(
      431,
      'headers-too-large',
      'The headers have more than 32 KiB; send fewer or shorter ones. If it is the token: have it issued with fewer groups.',
    ),
  ERR_HTTP_REQUEST_TIMEOUT: () => new Problem(408, 'too-slow', 'The call did not arrive in time; send it again.'),
};
const notHttp = (): Problem =>
  new Problem(
    400,
    'not-http',
    'This is no call of HTTP/1.1 as RFC 9112 has it; mend the request line, the headers or the chunks of the body.',
  );

const phrases: Readonly<Record<number, string>> = { 400: 'Bad Request', 408: 'Request Timeout', 431: 'Request Header Fields Too Large' };

/** Answers calls that end before there is any route for them: as every other refusal, and then the connection closes. */
export function answerBrokenCalls(server: Server, log: Logger): void {
  const open = new WeakMap<Duplex, Set<Exchange>>();
  server.prependListener('request', (request, response) => {
    const { socket } = request;
    const exchange = { request, response };
    const ofSocket = open.get(socket) ?? new Set();
    open.set(socket, ofSocket.add(exchange));
    response.once('close', () => ofSocket.delete(exchange));
  });
  const told = new WeakSet<Duplex>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // What comes after is no call either, and is dropped.
    if (told.has(socket)) return;
    told.add(socket);
    log.debug({ reason: error.message, code: error.code }, 'a call could not be read');
    if (!socket.writable || error.code === 'ECONNRESET' || [...(open.get(socket) ?? [])].some(isAnswering)) {
      socket.destroy();
      return;
    }
    socket.end(textOf((problems[error.code ?? ''] ?? notHttp)()));
    // Closed at once, with more on its way, the connection would be reset, and the answer lost.
    const late = setTimeout(() => socket.destroy(), longestMs);
    socket.once('close', () => clearTimeout(late));
    socket.resume();
  });
}

/** A call whose headers were read, until it is answered. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Whether its answer is under way, or may be at any moment: another in the middle of it would be read as part of it. Of a call whose body never came in whole
 * nothing was answered yet, and the fault is its own.
 */
const isAnswering = ({ request, response }: Exchange): boolean => response.headersSent || request.complete;

function textOf(problem: Problem): string {
  const body = JSON.stringify({ ...problem.toJSON(), instance: `urn:uuid:${randomUUID()}` });
  return [
    `HTTP/1.1 ${problem.status} ${phrases[problem.status] ?? 'Bad Request'}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
