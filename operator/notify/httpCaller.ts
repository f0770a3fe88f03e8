import { lookup, type LookupAddress, type LookupAllOptions, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import type { KeyObject } from 'node:crypto';
import { Agent, request, type Dispatcher } from 'undici';
import { callFault, namesHost, type AllowedHost } from '../core/httpAllow.ts';
import { isPublicAddress } from './addresses.ts';
import { signatureHeaders, type SignedMessage } from './signature.ts';

/** What came of a call. */
export interface Answered {
  readonly ok: boolean;
  /** Calling again would not help. */
  readonly final?: boolean;
  /** A sentence. Nothing of the answer but its status is in it: whoever asked for the call may not be meant to read the rest. */
  readonly message: string;
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

type Resolve = (hostname: string, options: LookupAllOptions, done: (error: Error | null, addresses: LookupAddress[]) => void) => void;

const defaultTimeoutMs = 15_000;
const mostAnswerBytes = 64 * 1024;

/** Calls others over HTTPS, signed, and only where the administrator allows it. */
export class HttpCaller {
  readonly #options: HttpCallerOptions;
  readonly #agent: Agent;

  constructor(options: HttpCallerOptions) {
    this.#options = options;
    this.#agent = new Agent({
      connections: 4,
      pipelining: 1,
      maxResponseSize: mostAnswerBytes,
      allowH2: false,
      connect: {
        timeout: 5_000,
        lookup: guardedLookup(options.allowed, options.resolve ?? lookup),
        ...(options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] }),
      },
    });
  }

  /** Posts JSON. Never throws: what went wrong is the answer. */
  async post(url: string, message: SignedMessage): Promise<Answered> {
    const refusal = callFault(url, this.#options.allowed) ?? addressFault(url, this.#options.allowed);
    if (refusal !== undefined) return { ok: false, final: true, message: `Not called: ${refusal}.` };
    try {
      return answered(await this.#send(url, message));
    } catch (error) {
      return { ok: false, message: `No answer: ${reasonOf(error)}.` };
    }
  }

  async #send(url: string, message: SignedMessage): Promise<number> {
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'countersign',
      ...signatureHeaders(await this.#options.key(), message),
    };
    const signal = AbortSignal.timeout(this.#options.timeoutMs ?? defaultTimeoutMs);
    // A redirect is an answer like any other: it would lead where nobody looked whether that is allowed.
    const answer: Dispatcher.ResponseData = await request(url, {
      method: 'POST',
      headers,
      body: message.body,
      dispatcher: this.#agent,
      signal,
    });
    await answer.body.dump({ limit: mostAnswerBytes, signal });
    return answer.statusCode;
  }

  /** Ends its connections; calls under way fail. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

const answered = (status: number): Answered => {
  const ok = status >= 200 && status < 300;
  return { ok, message: `It answered ${status}${ok ? '' : ', expected 2xx'}.` };
};

/** An address instead of a name is never looked up, so it is judged here. */
function addressFault(url: string, allowed: readonly AllowedHost[]): string | undefined {
  const { hostname } = new URL(url);
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) === 0 || isPublicAddress(address) || namesHost(allowed, hostname)) return undefined;
  return privateFault(hostname, address);
}

const privateFault = (hostname: string, address: string): string =>
  `${hostname} is at ${address}, which is no public address; the administrator may allow that by naming this very host in COUNTERSIGN_HTTP_ALLOW`;

/** Looks up as usual, and refuses as a whole a name of which any address is not public: at the moment of connecting, so that no second answer counts. */
function guardedLookup(allowed: readonly AllowedHost[], resolve: Resolve): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      // With an error there are no addresses, whatever the types say.
      const [first] = error === null ? addresses : [];
      if (first === undefined) {
        callback(error ?? new Error(`${hostname} has no address`), '', 0);
        return;
      }
      const inside = namesHost(allowed, hostname) ? undefined : addresses.find(({ address }) => !isPublicAddress(address));
      if (inside !== undefined) callback(new Error(privateFault(hostname, inside.address)), '', 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it took too long';
  return error.message === '' ? ('code' in error ? String(error.code) : error.name) : error.message.replace(/\.$/, '');
}
