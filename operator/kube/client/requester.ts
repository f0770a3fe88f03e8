import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, ConnectionError } from './apiError.ts';
import type { Status } from './apiError.ts';
import type { ClusterConfig, Credential } from './clusterConfig.ts';
import type { Answer } from './exchange.ts';
import { ExchangeFailure } from './exchange.ts';
import { Limiter } from './limiter.ts';
import type { LimiterOptions } from './limiter.ts';
import { ServerClock } from './serverClock.ts';
import { Transport } from './transport.ts';
import type { WireRequest } from './transport.ts';

/** One call, before it has credentials. */
export interface Call {
  /** The Kubernetes verb, for metrics. */
  readonly verb: string;
  readonly method: WireRequest['method'];
  readonly path: string;
  readonly accept: string;
  readonly contentType?: string | undefined;
  readonly body?: string | undefined;
  readonly extraHeaders?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  readonly beforeSend?: (() => void) | undefined;
  readonly onData?: ((chunk: Buffer) => void) | undefined;
}

export interface RequesterOptions extends LimiterOptions {
  readonly cluster: ClusterConfig;
  readonly connections: number;
  readonly timeoutMs: number;
  readonly userAgent: string;
  readonly observe?: ((verb: string, code: number, seconds: number) => void) | undefined;
  readonly onWarning?: ((text: string) => void) | undefined;
}

const mostAttempts = 5;
const longestPauseMs = 10_000;

/** Sends calls with credentials, within limits, and again where that is safe. Shared by all clients that share connections. */
export class Requester {
  readonly clock = new ServerClock();
  readonly #options: RequesterOptions;
  readonly #transport: Transport;
  readonly #limiter: Limiter;
  readonly #fixedHeaders: readonly string[];

  constructor(options: RequesterOptions) {
    this.#options = options;
    this.#transport = new Transport(options.cluster, options.connections);
    this.#limiter = new Limiter(options);
    this.#fixedHeaders = ['user-agent', options.userAgent, ...impersonationHeaders(options.cluster)];
  }

  /** The answer when it is a success; else throws ApiError or ConnectionError. */
  async send(call: Call): Promise<Answer> {
    const deadline = performance.now() + (call.timeoutMs ?? this.#options.timeoutMs);
    let reauthenticated = false;
    for (let attempt = 1; ; attempt++) {
      const result = await this.#attempt(call, deadline);
      if (!(result instanceof Error)) return result;
      if (result instanceof ApiError && result.status === 401 && !reauthenticated) {
        // Refused before anything was done: a token may have been rotated or revoked since it was read.
        reauthenticated = true;
        this.#options.cluster.credentials.invalidate();
        continue;
      }
      const pause = pauseBefore(call, result, attempt);
      if (pause === undefined || performance.now() + pause >= deadline) throw result;
      await sleep(pause, undefined, call.signal === undefined ? {} : { signal: call.signal });
    }
  }

  async #attempt(call: Call, deadline: number): Promise<Answer | ApiError | ConnectionError> {
    // A watch lasts for minutes and would hold a place for as long.
    const limited = call.onData === undefined;
    const turn = limited ? this.#limiter.acquire() : undefined;
    if (turn !== undefined) await turn;
    const begun = performance.now();
    let code = 0;
    try {
      call.signal?.throwIfAborted();
      const given = this.#options.cluster.credentials.current();
      const credential = given instanceof Promise ? await given : given;
      const answer = await this.#transport.send(credential, this.#wire(call, credential), {
        timeoutMs: Math.max(1, deadline - performance.now()),
        signal: call.signal,
        beforeSend: call.beforeSend,
        onData: call.onData,
      });
      code = answer.status;
      this.#learn(answer, begun);
      return code < 300 ? answer : apiErrorOf(call, answer);
    } catch (error) {
      return this.#connectionError(call, error);
    } finally {
      if (limited) this.#limiter.release();
      this.#options.observe?.(call.verb, code, (performance.now() - begun) / 1000);
    }
  }

  #wire(call: Call, credential: Credential): WireRequest {
    const headers = [...this.#fixedHeaders, 'accept', call.accept];
    if (credential.authorization !== undefined) headers.push('authorization', credential.authorization);
    if (call.contentType !== undefined) headers.push('content-type', call.contentType);
    if (call.extraHeaders !== undefined) for (const [name, value] of Object.entries(call.extraHeaders)) headers.push(name, value);
    return { method: call.method, path: call.path, headers, body: call.body ?? null };
  }

  #learn(answer: Answer, begun: number): void {
    // A stream's answer arrives long after its headers were written.
    const { date, warning } = answer.headers;
    if (date !== undefined && answer.body !== '') this.clock.sample(date, begun);
    if (warning !== undefined && this.#options.onWarning !== undefined) warningTexts(warning).forEach(this.#options.onWarning);
  }

  /** Our own refusals (a fence, a plugin that failed) pass as they are; the rest becomes a sentence. */
  #connectionError(call: Call, error: unknown): ConnectionError {
    if (!(error instanceof ExchangeFailure)) throw error;
    if (error.own) throw error.cause;
    const server = this.#options.cluster.server;
    const via = this.#options.cluster.proxyUrl === undefined ? '' : ` through proxy ${withoutPassword(this.#options.cluster.proxyUrl)}`;
    const what = `${call.method} ${call.path.split('?', 1)[0] ?? ''}`;
    return new ConnectionError(`${what}: no answer from the API server ${server}${via}: ${error.message}`, error.sent, {
      cause: error.cause,
    });
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}

/** How long to wait before sending the call again; undefined: do not. A write is repeated only when the server certainly did nothing. */
export function pauseBefore(
  call: Pick<Call, 'method' | 'signal' | 'onData'>,
  error: ApiError | ConnectionError,
  attempt: number,
): number | undefined {
  if (attempt >= mostAttempts || call.signal?.aborted === true || call.onData !== undefined) return undefined;
  const reads = call.method === 'GET';
  const backOff = Math.min(longestPauseMs, 50 * 2 ** attempt) * (0.5 + Math.random() / 2);
  if (error instanceof ConnectionError) return reads || !error.sent ? backOff : undefined;
  if (error.status === 429) return Math.max(error.retryAfterMs ?? 0, backOff);
  if (reads && (error.status === 503 || error.status === 504 || error.status === 500) && error.retryAfterMs !== undefined) {
    return Math.max(error.retryAfterMs, backOff);
  }
  return undefined;
}

function apiErrorOf(call: Call, answer: Answer): ApiError {
  const retryAfter = Number(answer.headers['retry-after']);
  const retryAfterMs = Number.isFinite(retryAfter) && answer.headers['retry-after'] !== undefined ? retryAfter * 1000 : undefined;
  const status = parseStatus(answer.body);
  if (status !== undefined)
    return new ApiError(answer.status, status.reason ?? '', status.message ?? '', status.details ?? {}, retryAfterMs);
  // Not from the API server proper: a proxy, a load balancer, an aggregated API.
  const text = answer.body.trim().slice(0, 200);
  const message = `${call.method} ${call.path.split('?', 1)[0] ?? ''}: HTTP ${answer.status}${text === '' ? '' : `: ${text}`}`;
  return new ApiError(answer.status, '', message, {}, retryAfterMs);
}

function parseStatus(body: string): Status | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status' ? (parsed as Status) : undefined;
  } catch {
    return undefined;
  }
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}

/** RFC 7234: `299 - "text"`, several separated by commas. */
function warningTexts(header: string | string[]): string[] {
  const whole = Array.isArray(header) ? header.join(', ') : header;
  return [...whole.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? '').replaceAll(/\\(.)/g, '$1'));
}

function impersonationHeaders(cluster: ClusterConfig): string[] {
  const as = cluster.impersonate;
  if (as === undefined) return [];
  const headers = ['impersonate-user', as.user];
  if (as.uid !== undefined) headers.push('impersonate-uid', as.uid);
  for (const group of as.groups ?? []) headers.push('impersonate-group', group);
  for (const [key, values] of Object.entries(as.extra ?? {})) {
    for (const value of values) headers.push(`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`, value);
  }
  return headers;
}
