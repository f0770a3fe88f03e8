import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { tlsServer, type ServingCertificate, type TlsServer } from '../../operator/kube/tlsServer.ts';
import type { Logger } from '../../operator/telemetry/logger.ts';
import type { Metrics } from '../../operator/telemetry/metrics.ts';
import { BodyTooLarge, readBody } from './body.ts';
import type { AdmissionHandler } from './handler.ts';
import { answerReview, parseReview, type AdmissionRequest, type Verdict } from './review.ts';

export interface AdmissionServerOptions {
  readonly handlers: readonly AdmissionHandler[];
  readonly certificate: ServingCertificate;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'admissionDuration' | 'admissionVerdicts'>;
  /** The longest that a review may take; less than the timeoutSeconds of the webhook configurations. Default 4 s. */
  readonly reviewTimeoutMs?: number;
  /** The largest body. Default 8 MB, which is more than the API server can store. */
  readonly maxBodyBytes?: number;
}

export interface AdmissionServer extends TlsServer {
  /**
   * Ends without dropping a review: for `drainMs` it goes on answering, and asks callers to come back elsewhere; then it takes no connection any more
   * and waits for what is under way.
   */
  close(drainMs?: number): Promise<void>;
}

/** Idle connections are kept for longer than the API server does, so that it is the caller who hangs up. */
const timeouts = { requestTimeout: 15_000, headersTimeout: 5_000, keepAliveTimeout: 120_000 } as const;

/** Answers AdmissionReviews of admission.k8s.io/v1 over TLS. */
export function createAdmissionServer(options: AdmissionServerOptions): AdmissionServer {
  const { certificate, log } = options;
  let closing = false;
  const listener = (request: IncomingMessage, response: ServerResponse): void => void answer(request, response, options, () => closing);
  const { server, listen, setCertificate } = tlsServer(certificate, timeouts, listener, log);
  return {
    listen,
    setCertificate,
    close: async (drainMs = 0) => {
      closing = true;
      if (drainMs > 0) await new Promise((resolve) => setTimeout(resolve, drainMs));
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    },
  };
}

interface HttpAnswer {
  readonly status: number;
  readonly body: object;
}

/** An HTTP error, for those who do not speak AdmissionReview. */
const problem = (status: number, detail: string): HttpAnswer => ({ status, body: { title: titles[status] ?? 'Error', status, detail } });
const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  500: 'Internal Server Error',
  504: 'Gateway Timeout',
};

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: AdmissionServerOptions,
  isClosing: () => boolean,
): Promise<void> {
  const { status, body } = await judge(request, options);
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  // What was not read to its end cannot be followed by another request; and asked at the end, because closing may have begun meanwhile.
  if (!request.complete || isClosing()) response.setHeader('connection', 'close');
  response.writeHead(status, {
    'content-type': status === 200 ? 'application/json' : 'application/problem+json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
  // The rest is read and dropped, or the caller would be cut off before it has the answer.
  request.resume();
}

/** Never throws: whatever goes wrong is an answer. */
async function judge(request: IncomingMessage, options: AdmissionServerOptions): Promise<HttpAnswer> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const handler = options.handlers.find((h) => (typeof h.path === 'string' ? h.path === path : h.path.test(path)));
  if (handler === undefined) return problem(404, `There is nothing at ${path.slice(0, 200)}.`);
  if (request.method !== 'POST') return problem(405, `The method is ${request.method ?? 'none'}; expected POST with an AdmissionReview.`);
  let body: string;
  try {
    body = await readBody(request, options.maxBodyBytes ?? 8 << 20);
  } catch (error) {
    if (error instanceof BodyTooLarge) return problem(413, error.message);
    return problem(400, 'The body ended early; send it again.');
  }
  const parsed = parseReview(body);
  if (parsed.kind === 'malformed') return problem(400, parsed.message);
  if (parsed.kind === 'denied') return review(parsed.uid, { allowed: false, code: 400, message: parsed.message });
  return judgeReview(handler, parsed.request, path, options);
}

const review = (uid: string, verdict: Verdict): HttpAnswer => ({ status: 200, body: answerReview(uid, verdict) });

async function judgeReview(
  handler: AdmissionHandler,
  request: AdmissionRequest,
  path: string,
  { log, metrics, reviewTimeoutMs = 4_000 }: AdmissionServerOptions,
): Promise<HttpAnswer> {
  const began = performance.now();
  const ended = (verdict: string): void => {
    const seconds = (performance.now() - began) / 1000;
    metrics.admissionDuration.observe({ kind: handler.name }, seconds);
    metrics.admissionVerdicts.inc({ kind: handler.name, verdict });
    log.debug({ ...fields, verdict, seconds }, 'review answered');
  };
  const { uid, kind, operation, namespace, name, userInfo, dryRun } = request;
  const fields = { handler: handler.name, requestId: uid, kind: kind.kind, operation, namespace, name, user: userInfo.username, dryRun };
  try {
    const verdict = handler.kinds.includes(kind.kind)
      ? await within(reviewTimeoutMs, (signal) => handler.review(request, { path, signal }))
      : ({ allowed: false, code: 400, message: `kind is ${kind.kind}; ${path} judges only ${handler.kinds.join(' and ')}.` } as const);
    ended(verdict.allowed ? 'allowed' : 'denied');
    return review(uid, verdict);
  } catch (error) {
    const late = error instanceof ReviewTimeout;
    ended(late ? 'timeout' : 'error');
    log.warn({ ...fields, err: error }, 'review could not be judged');
    return late ? problem(504, 'The review took too long; try again.') : problem(500, 'The review could not be judged; try again.');
  }
}

class ReviewTimeout extends Error {}

/** Runs a review for so long at most; one that does not heed its signal is left behind. */
async function within(ms: number, run: (signal: AbortSignal) => Promise<Verdict> | Verdict): Promise<Verdict> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new ReviewTimeout('took too long'));
      controller.abort();
    }, ms);
  });
  try {
    return await Promise.race([run(controller.signal), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
