import { Agent, request } from 'node:https';

/** Just enough of a client to see a cluster come up and to ask for tokens; the project's own client is not a dependency of its test bed. */
export class ApiClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, credential: { ca: string; cert: string; key: string }) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, ...credential });
  }

  /** `server` is for the other processes of the control plane, which trust and are trusted by the same CA. */
  get(path: string, server = this.#url): Promise<Answer> {
    return this.#send('GET', server, path);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#send('POST', this.#url, path, JSON.stringify(body));
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, server: string, path: string, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const sent = request(server + path, { method, agent: this.#agent, headers, timeout: 10_000 }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(new Answer(response.statusCode ?? 0, text)));
        response.on('error', reject);
      });
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in 10 s`)));
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

export class Answer {
  readonly status: number;
  readonly text: string;

  constructor(status: number, text: string) {
    this.status = status;
    this.text = text;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** The object that was asked for; an answer that is not one is thrown. */
  object(): unknown {
    if (!this.ok) throw new Error(`the API server answered ${this.status}: ${this.text.slice(0, 500)}`);
    return JSON.parse(this.text);
  }
}
