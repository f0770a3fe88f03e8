import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What an exchange needs beside the request itself. */
export interface ExchangeOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called right before the request is written to a connection; a throw stops it. */
  readonly beforeSend?: (() => void) | undefined;
  /** Receives the body as it arrives, when the status is 200; the answer's body is empty then. */
  readonly onData?: ((chunk: Buffer) => void) | undefined;
}

/** Why an exchange ended without an answer. */
export class ExchangeFailure extends Error {
  /** False when it is certain that nothing was written to the connection. */
  readonly sent: boolean;
  /** True when the caller ended it: its beforeSend threw or its signal aborted. `cause` is then what the caller gave. */
  readonly own: boolean;
  override readonly cause: unknown;

  constructor(cause: unknown, sent: boolean, own: boolean) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.name = 'ExchangeFailure';
    this.cause = cause;
    this.sent = sent;
    this.own = own;
  }
}

/**
 * One request and its answer, as a handler for undici's dispatch. A class of our own, because `request()` builds a stream, an abort listener
 * and a parsed body object each time, which is about half of the client's work per call.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>;
  readonly #options: ExchangeOptions;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #ended = false;
  #resolve: (answer: Answer) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (options.timeoutMs > 0) this.#timer = setTimeout(this.#onTimeout, options.timeoutMs);
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It may have timed out while it waited for a free connection.
    if (this.#ended) throw new Error('given up before it was sent');
    try {
      this.#options.beforeSend?.();
    } catch (error) {
      this.#fail(error, true);
      throw error;
    }
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#headers = headers;
    // A stream has no end to wait for: from here on only silence ends it.
    if (status === 200 && this.#options.onData !== undefined) clearTimeout(this.#timer);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended) return;
    if (this.#status === 200 && this.#options.onData !== undefined) this.#options.onData(chunk);
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#ended) return;
    this.#finish();
    const [first] = this.#chunks;
    const body =
      first === undefined ? '' : this.#chunks.length === 1 ? first.toString('utf8') : Buffer.concat(this.#chunks).toString('utf8');
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(error);
  }

  /** Ends the exchange from our side. */
  abort(reason: Error, own = false): void {
    if (this.#ended) return;
    const controller = this.#controller;
    this.#fail(reason, own);
    controller?.abort(reason);
  }

  #fail(error: unknown, own = false): void {
    if (this.#ended) return;
    this.#finish();
    this.#reject(new ExchangeFailure(error, this.#controller !== undefined, own));
  }

  #finish(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  readonly #onTimeout = (): void => this.abort(new Error(`no answer within ${this.#options.timeoutMs} ms`));
  readonly #onAbort = (): void => {
    const reason: unknown = this.#options.signal?.reason;
    this.abort(reason instanceof Error ? reason : new Error('aborted'), true);
  };
}
