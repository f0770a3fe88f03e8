import type * as Undici from 'undici';
import type { Dispatcher } from 'undici';
import type { ClusterConfig, Credential } from './clusterConfig.ts';
import { Exchange } from './exchange.ts';
import type { Answer, ExchangeOptions } from './exchange.ts';

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  /** Name, value, name, value… */
  readonly headers: string[];
  readonly body: string | null;
}

/** Sockets idle for longer are closed by us, so that we seldom write to one that the server has just closed. */
const keepAliveMs = 30_000;
const connectTimeoutMs = 10_000;

/** The connections of one identity: TLS settings are fixed for their life. */
interface Pools {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly requests: Dispatcher;
  /** Watches hold a connection for minutes; from a shared pool they would leave none for requests. */
  readonly watches: Dispatcher;
}

/** Connections to one API server, made on first use and made anew when the client certificate changes. */
export class Transport {
  readonly #cluster: ClusterConfig;
  readonly #connections: number;
  readonly #origin: string;
  readonly #basePath: string;
  #pools: Pools | undefined;
  #opening: Promise<typeof Undici> | undefined;
  #undici: typeof Undici | undefined;
  #closed = false;

  constructor(cluster: ClusterConfig, connections: number) {
    const url = new URL(cluster.server);
    this.#cluster = cluster;
    this.#connections = connections;
    this.#origin = url.origin;
    // Some proxies in front of clusters (Rancher, Teleport) serve the API below a path.
    this.#basePath = url.pathname === '/' ? '' : url.pathname.replace(/\/+$/, '');
  }

  /** Sends one request. Rejects with ExchangeFailure when there is no whole answer. */
  async send(credential: Credential, request: WireRequest, options: ExchangeOptions): Promise<Answer> {
    // undici takes 50 ms to load, which a command line tool that only prints its help should not pay.
    if (this.#undici === undefined) {
      this.#opening ??= import('undici');
      this.#undici = await this.#opening;
    }
    return this.#exchange(this.#poolsFor(this.#undici, credential), request, options);
  }

  #exchange(pools: Pools, request: WireRequest, options: ExchangeOptions): Promise<Answer> {
    const streaming = options.onData !== undefined;
    const exchange = new Exchange(options);
    (streaming ? pools.watches : pools.requests).dispatch(
      {
        origin: this.#origin,
        path: this.#basePath + request.path,
        method: request.method,
        headers: request.headers,
        body: request.body,
        // The exchange has a timer of its own for the whole; undici's guards the silence inside a stream.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      exchange,
    );
    return exchange.answer;
  }

  #poolsFor(undici: typeof Undici, credential: Credential): Pools {
    const known = this.#pools;
    if (known !== undefined && known.cert === credential.cert && known.key === credential.key) return known;
    if (this.#closed) throw new Error('the client has been closed');
    const made: Pools = {
      cert: credential.cert,
      key: credential.key,
      requests: this.#dispatcher(undici, credential, this.#connections),
      watches: this.#dispatcher(undici, credential, null),
    };
    this.#pools = made;
    // What is under way ends as it began; only new requests take the new identity.
    if (known !== undefined) void Promise.allSettled([known.requests.close(), known.watches.close()]);
    return made;
  }

  #dispatcher(undici: typeof Undici, credential: Credential, connections: number | null): Dispatcher {
    const cluster = this.#cluster;
    const tls = tlsOptions(cluster, credential);
    const common = { connections, pipelining: 1, keepAliveTimeout: keepAliveMs, allowH2: false, connectTimeout: connectTimeoutMs };
    if (cluster.proxyUrl === undefined) {
      return new undici.Pool(this.#origin, { ...common, connect: { ...tls, keepAlive: true, keepAliveInitialDelay: 15_000 } });
    }
    if (/^socks5h?:/.test(cluster.proxyUrl)) return new undici.Socks5ProxyAgent(cluster.proxyUrl, { ...common, requestTls: tls });
    return new undici.ProxyAgent({ ...common, uri: cluster.proxyUrl, requestTls: tls, proxyTunnel: true, ...proxyToken(cluster.proxyUrl) });
  }

  /** Ends all connections; running requests fail. */
  async close(): Promise<void> {
    this.#closed = true;
    const pools = this.#pools;
    this.#pools = undefined;
    if (pools !== undefined) await Promise.allSettled([pools.requests.destroy(), pools.watches.destroy()]);
  }
}

function tlsOptions(cluster: ClusterConfig, credential: Credential) {
  return {
    ...(cluster.ca === undefined ? {} : { ca: cluster.ca }),
    ...(credential.cert === undefined ? {} : { cert: credential.cert }),
    ...(credential.key === undefined ? {} : { key: credential.key }),
    ...(cluster.tlsServerName === undefined ? {} : { servername: cluster.tlsServerName }),
    rejectUnauthorized: cluster.insecureSkipTlsVerify !== true,
    allowH2: false,
  };
}

function proxyToken(proxyUrl: string): { token?: string } {
  const { username, password } = new URL(proxyUrl);
  if (username === '') return {};
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { token: `Basic ${Buffer.from(plain).toString('base64')}` };
}
