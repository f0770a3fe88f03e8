import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { parse } from 'yaml';

/** What the API server said no with. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** An object as it came, with what the tests read of it. */
export interface Stored {
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: unknown[];
    finalizers?: string[];
  };
  spec?: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  status?: any; // eslint-disable-line @typescript-eslint/no-explicit-any
}

export interface Credential {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } }];
  readonly users: readonly [{ readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string } }];
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** A client without opinions: attacks need to send what a well-behaved client would not. */
export class Api {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #headers: Record<string, string | string[]>;

  private constructor(url: string, agent: Agent, headers: Record<string, string | string[]>) {
    this.#url = url;
    this.#agent = agent;
    this.#headers = headers;
  }

  static withCredential(url: string, { ca, cert, key, token }: Credential): Api {
    const agent = new Agent({ connect: { ca, ...(cert && key ? { cert, key } : {}) }, connections: 8 });
    return new Api(url, agent, token === undefined ? {} : { authorization: `Bearer ${token}` });
  }

  static fromKubeconfig(file: string): Api {
    const config = parse(readFileSync(file, 'utf8')) as Kubeconfig;
    const text = (base64: string): string => Buffer.from(base64, 'base64').toString();
    const user = config.users[0].user;
    return Api.withCredential(config.clusters[0].cluster.server, {
      ca: text(config.clusters[0].cluster['certificate-authority-data']),
      cert: text(user['client-certificate-data']),
      key: text(user['client-key-data']),
    });
  }

  /** The same credential, acting as another (--as). */
  as(username: string, groups: readonly string[] = []): Api {
    return new Api(this.#url, this.#agent, { ...this.#headers, 'impersonate-user': username, 'impersonate-group': [...groups] });
  }

  get(path: string): Promise<Stored> {
    return this.send('GET', path);
  }

  create(path: string, object: object): Promise<Stored> {
    return this.send('POST', path, object);
  }

  replace(path: string, object: object): Promise<Stored> {
    return this.send('PUT', path, object);
  }

  patch(path: string, body: unknown, type: keyof typeof patchTypes = 'merge'): Promise<Stored> {
    return this.send('PATCH', path, body, patchTypes[type]);
  }

  delete(path: string, options: object = {}): Promise<Stored> {
    return this.send('DELETE', path, options);
  }

  /** Creates or replaces by server-side apply. */
  apply(path: string, object: object): Promise<Stored> {
    return this.send('PATCH', `${path}?fieldManager=test&force=true`, object, patchTypes.apply);
  }

  async send(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<Stored> {
    const answer = await request(this.#url + path, {
      method,
      dispatcher: this.#agent,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const parsed = (await answer.body.json()) as Stored & { message?: string };
    if (answer.statusCode >= 400) throw new Refusal(answer.statusCode, parsed.message ?? '');
    return parsed;
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}

/** Asks until the answer is there; a refusal counts as not yet. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>, patienceMs = 20_000): Promise<T> {
  const deadline = Date.now() + patienceMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const found = await ask();
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: not within ${patienceMs / 1000} s`, { cause: last });
}
