import { connect, type Socket } from 'node:net';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { KeyObject } from 'node:crypto';
import { Agent, request, type Dispatcher } from 'undici';
import { callFault, hostFault, parseAllowedHost, type AllowedHost } from '../core/httpAllow.ts';
import type { HttpAnswer, HttpCall, Outside } from './contract.ts';
import { addressFault, guardedLookup, type Resolve } from './dial.ts';
import { noAnswer, NotReached } from './notReached.ts';
import { retryAfterMs } from './retryAfter.ts';
import { signatureHeaders, type SignedMessage } from './signature.ts';

/** What came of a signed message. */
export interface Answered {
  readonly ok: boolean;
  /** Calling again would not help. */
  readonly final?: boolean;
  /** A sentence. Nothing of the answer but its status is in it: whoever asked for the call may not be meant to read the rest. */
  readonly message: string;
  /** Why nobody was reached: for administrators alone. */
  readonly cause?: string;
}

export interface HttpCallerOptions {
  readonly allowed: readonly AllowedHost[];
  /** PEM of authorities to trust besides the public ones. */
  readonly ca?: string | undefined;
  readonly key: () => Promise<KeyObject>;
  /** How long one call may take; a test may give its own. */
  readonly timeoutMs?: number;
  /** How names are looked up; a test may give its own. */
  readonly resolve?: Resolve;
}

const defaultTimeoutMs = 15_000;
const connectTimeoutMs = 5_000;
const mostAnswerBytes = 64 * 1024;

/** Calls others over HTTPS, and only where the administrator allows it or what is called is known to be a public service. */
export class HttpCaller implements Outside {
  readonly authorities: readonly string[];
  readonly timeoutMs: number;
  readonly #options: HttpCallerOptions;
  readonly #agent: Agent;

  constructor(options: HttpCallerOptions) {
    this.#options = options;
    this.timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.authorities = options.ca === undefined ? rootCertificates : [...rootCertificates, options.ca];
    this.#agent = new Agent({
      connections: 4,
      pipelining: 1,
      allowH2: false,
      connect: {
        timeout: connectTimeoutMs,
        lookup: guardedLookup(options.allowed, options.resolve),
        // Read once: all public authorities for each connection would take longer than the call.
        ...(options.ca === undefined ? {} : { secureContext: createSecureContext({ ca: [...this.authorities] }) }),
      },
    });
  }

  key(): Promise<KeyObject> {
    return this.#options.key();
  }

  /** Posts JSON, signed. Never throws: what went wrong is the answer. */
  async post(url: string, message: SignedMessage): Promise<Answered> {
    let headers: Record<string, string>;
    try {
      headers = signatureHeaders(await this.key(), message);
    } catch (error) {
      return { ok: false, message: `No answer: ${reasonOf(error)}.` };
    }
    const answer = await this.call({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      body: message.body,
    });
    if (!answer.answered) {
      const { final, message: sentence, cause } = answer;
      return { ok: false, ...(final ? { final } : {}), message: sentence, ...(cause === undefined ? {} : { cause }) };
    }
    const ok = answer.status >= 200 && answer.status < 300;
    return { ok, message: `It answered ${answer.status}${ok ? '' : ', expected 2xx'}.` };
  }

  async call(call: HttpCall): Promise<HttpAnswer> {
    const { allowed } = this.#options;
    const known = (call.known ?? []).flatMap((text) => parseAllowedHost(text) ?? []);
    // What is known may be called, but only where the administrator named it may it be inside.
    const refusal = callFault(call.url, [...allowed, ...known]);
    if (refusal !== undefined) return { answered: false, final: true, message: `Not called: ${refusal}.` };
    const inside = addressFault(new URL(call.url).hostname, allowed);
    if (inside !== undefined) return { answered: false, ...noAnswer(inside, true).told() };
    try {
      return await this.#send(call);
    } catch (error) {
      return { answered: false, ...noAnswer(reasonOf(error)).told() };
    }
  }

  async #send({ method, url, headers, body }: HttpCall): Promise<HttpAnswer> {
    const signal = AbortSignal.timeout(this.timeoutMs);
    // A redirect is an answer like any other: it would lead where nobody looked whether that is allowed.
    const answer = await request(url, {
      method,
      headers: { 'user-agent': 'countersign', ...headers },
      ...(body === undefined ? {} : { body }),
      dispatcher: this.#agent,
      signal,
    });
    const later = retryAfterMs(answer.headers['retry-after']);
    return {
      answered: true,
      status: answer.statusCode,
      ...(later === undefined ? {} : { retryAfterMs: later }),
      body: await textOf(answer.body),
    };
  }

  async dial(host: string, port: number): Promise<Socket> {
    const { allowed, resolve } = this.#options;
    const refusal = hostFault(host, port, allowed);
    if (refusal !== undefined) throw new NotReached(`Not called: ${refusal}.`, true);
    const inside = addressFault(host, allowed);
    if (inside !== undefined) throw noAnswer(inside, true);
    return new Promise((done, failed) => {
      const socket = connect({ host, port, lookup: guardedLookup(allowed, resolve) });
      socket.setTimeout(connectTimeoutMs, () => socket.destroy(new Error('it took too long')));
      const onError = (error: Error): void => failed(noAnswer(reasonOf(error)));
      socket.once('error', onError);
      socket.once('connect', () => {
        socket.off('error', onError);
        socket.setTimeout(0);
        done(socket);
      });
    });
  }

  /** Ends its connections; calls under way fail. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** As far as anybody reads it: undefined when there is more. */
async function textOf(body: Dispatcher.ResponseData['body']): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop ends the connection.
    if (size > mostAnswerBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it took too long';
  return error.message === '' ? ('code' in error ? String(error.code) : error.name) : error.message.replace(/\.$/, '');
}
