// The process that a cluster's processes are children of. It ends them when it is told to, when it gets a signal, and when the pipe
// from its owner closes: a test run that is killed, by whatever, leaves no cluster behind. It also holds the cluster's ports.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { reservePorts } from './ports.ts';

export interface ComponentSpec {
  command: string;
  args: string[];
}

/** What a supervisor says about itself on its first line of output. */
export interface Greeting {
  port: number;
  token: string;
}

class Supervisor {
  readonly #folder: string;
  readonly #specs = new Map<string, ComponentSpec>();
  readonly #children = new Map<string, ChildProcess>();
  #owned = true;
  #stopping: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(join(folder, 'pids'), { recursive: true });
    mkdirSync(join(folder, 'logs'), { recursive: true });
  }

  define(name: string, spec: ComponentSpec): void {
    this.#specs.set(name, spec);
  }

  start(name: string): void {
    const spec = this.#specs.get(name);
    if (spec === undefined) throw new Error(`no component ${name}`);
    if (this.#children.has(name) || this.#stopping !== undefined) return;
    const log = openSync(join(this.#folder, 'logs', `${name}.log`), 'a');
    const child = spawn(spec.command, spec.args, { cwd: this.#folder, stdio: ['ignore', log, log] });
    closeSync(log);
    const pidFile = join(this.#folder, 'pids', name);
    const gone = (): void => {
      if (this.#children.get(name) !== child) return;
      this.#children.delete(name);
      rmSync(pidFile, { force: true });
    };
    child.on('error', gone).on('exit', gone);
    this.#children.set(name, child);
    if (child.pid !== undefined) writeFileSync(pidFile, String(child.pid));
  }

  detach(): void {
    this.#owned = false;
  }

  async ownerGone(): Promise<void> {
    if (this.#owned) await this.stopAndExit();
  }

  async stopAndExit(): Promise<void> {
    await this.stop();
    process.exit(0);
  }

  /** SIGKILL at once: the state is either thrown away, or etcd's, which must survive this anyway. */
  stop(): Promise<void> {
    this.#stopping ??= Promise.all(
      [...this.#children.values()].map(
        (child) =>
          new Promise<void>((resolve) => {
            child.once('exit', () => resolve());
            child.kill('SIGKILL');
          }),
      ),
    ).then(() => undefined);
    return this.#stopping;
  }
}

async function readSpec(request: IncomingMessage): Promise<ComponentSpec | undefined> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk as string;
  return body === '' ? undefined : (JSON.parse(body) as ComponentSpec);
}

async function handle(supervisor: Supervisor, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, verb = '', name = ''] = (request.url ?? '').split('/');
  if (verb === 'start') {
    const spec = await readSpec(request);
    if (spec !== undefined) supervisor.define(name, spec);
    supervisor.start(name);
  } else if (verb === 'detach') supervisor.detach();
  else if (verb === 'stop') await supervisor.stop();
  else if (verb !== 'ping') response.statusCode = 404;
  // Exits only once the answer is out, so that whoever asked knows that nothing is left.
  response.end(() => {
    if (verb === 'stop') void supervisor.stopAndExit();
  });
}

async function main(folder: string): Promise<void> {
  const supervisor = new Supervisor(folder);
  // The port is open to everybody on this machine, web pages included; the cluster is not.
  const token = randomBytes(24).toString('base64url');
  const server = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401).end();
      return;
    }
    handle(supervisor, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  const port = await reservePorts(server);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void supervisor.stopAndExit());
  process.stdin.on('close', () => void supervisor.ownerGone()).resume();
  const greeting: Greeting = { port, token };
  process.stdout.write(JSON.stringify(greeting) + '\n');
}

await main(process.argv[2] ?? process.cwd());
