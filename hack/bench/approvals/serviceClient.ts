import { Pool } from 'undici';

/** What a service answered. */
export interface Answered {
  readonly status: number;
  readonly body: string;
}

export interface Sent {
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Calls one service over TLS on keep-alive connections, with nothing between a caller and undici. */
export class ServiceClient {
  readonly #pool: Pool;

  constructor({ url, ca }: { readonly url: string; readonly ca: string }, connections: number) {
    this.#pool = new Pool(url, {
      connections,
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { ca, timeout: 60_000 },
    });
  }

  async call(method: 'GET' | 'POST', path: string, { token, headers, body }: Sent): Promise<Answered> {
    const answer = await this.#pool.request({
      method,
      path,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: answer.statusCode, body: await answer.body.text() };
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
