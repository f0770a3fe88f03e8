import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { parse } from 'yaml';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a kubeconfig of hack/cluster says. */
export interface Access {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

/** Reads a kubeconfig that holds a certificate. */
export function accessOf(kubeconfig: string): Access {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
  if (cluster === undefined || user === undefined) throw new Error(`${kubeconfig} names no cluster or no user`);
  const text = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');
  return {
    server: cluster.server,
    ca: text(cluster['certificate-authority-data']),
    cert: text(user['client-certificate-data']),
    key: text(user['client-key-data']),
  };
}

/** As little of a client as can be: keep-alive connections, and nothing between a caller and undici. It is the yardstick, not the project's own. */
export class BareClient {
  readonly #pool: Pool;

  constructor({ server, ca, cert, key }: Access, connections: number) {
    this.#pool = new Pool(server, {
      connections,
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { ca, cert, key },
    });
  }

  /** The answer's text. @throws when the API server refuses. */
  async send(method: Method, path: string, body?: unknown, contentType = 'application/json'): Promise<string> {
    const answer = await this.#pool.request({
      method,
      path,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': contentType }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Refused(answer.statusCode, `${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
    return text;
  }

  async object<T>(method: Method, path: string, body?: unknown): Promise<T> {
    return JSON.parse(await this.send(method, path, body)) as T;
  }

  mergePatch(path: string, body: unknown): Promise<string> {
    return this.send('PATCH', path, body, 'application/merge-patch+json');
  }

  /** Calls back with each line of an endless answer, until the signal aborts. */
  async lines(path: string, signal: AbortSignal, onLine: (line: string) => void): Promise<void> {
    const { body, statusCode } = await this.#pool.request({ method: 'GET', path, headers: { accept: 'application/json' }, signal });
    if (statusCode !== 200) throw new Refused(statusCode, `GET ${path}: ${statusCode} ${await body.text()}`);
    let rest = '';
    body.setEncoding('utf8');
    for await (const chunk of body as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** The API server said no. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Does `work` for each item, so many at a time; in how many milliseconds. */
export async function inParallel<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return performance.now() - begun;
}
