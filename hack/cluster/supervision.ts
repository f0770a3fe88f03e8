import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ComponentSpec, Greeting } from './supervisor.ts';

/** The owner's side of a supervisor: everything is asked for over its port, so a later process can do it as well. */
export class Supervision {
  readonly folder: string;
  readonly greeting: Greeting;

  constructor(folder: string, greeting: Greeting) {
    this.folder = folder;
    this.greeting = greeting;
  }

  /** Starts a supervisor that ends with this process, unless it is detached later. */
  static async launch(folder: string): Promise<Supervision> {
    mkdirSync(join(folder, 'logs'), { recursive: true });
    const script = join(import.meta.dirname, 'supervisor.ts');
    // Not the owner's stderr: whoever reads that through a pipe would wait for a detached cluster to end.
    const log = openSync(join(folder, 'logs', 'supervisor.log'), 'a');
    // A session of its own: Ctrl-C in the terminal reaches the owner, and the supervisor hears of it when the owner is gone.
    const child = spawn(process.execPath, [script, folder], { detached: true, stdio: ['pipe', 'pipe', log] });
    closeSync(log);
    const { stdin, stdout } = child;
    if (stdin === null || stdout === null) throw new Error("no pipe to the cluster's supervisor");
    const greeting = await new Promise<Greeting>((resolve, reject) => {
      const ended = `the cluster's supervisor ended, see ${join(folder, 'logs', 'supervisor.log')}`;
      createInterface(stdout).once('line', (line) => resolve(JSON.parse(line) as Greeting));
      child.once('error', reject).once('exit', () => reject(new Error(ended)));
    });
    // Neither the child nor its pipes keep an owner alive that is done; when it ends, the pipe closes.
    stdout.destroy();
    child.unref();
    if (stdin instanceof Socket) stdin.unref();
    return new Supervision(folder, greeting);
  }

  async answers(): Promise<boolean> {
    return this.#post('ping').then(
      () => true,
      () => false,
    );
  }

  async start(name: string, spec?: ComponentSpec): Promise<void> {
    await this.#post(`start/${name}`, spec);
  }

  async detach(): Promise<void> {
    await this.#post('detach');
  }

  async stop(): Promise<void> {
    // A supervisor that does not answer is gone. Its pid would not tell: where nobody reaps orphans, as in many containers, it stays.
    await this.#post('stop').catch(() => undefined);
    while (await this.answers()) await sleep(10);
    endOrphans(this.folder);
  }

  pid(name: string): number | undefined {
    const pid = readPid(this.folder, name);
    return pid !== undefined && isAlive(pid) ? pid : undefined;
  }

  async kill(name: string, signal: NodeJS.Signals): Promise<void> {
    const pid = this.pid(name);
    if (pid === undefined) return;
    process.kill(pid, signal);
    // SIGSTOP and its like leave a process that is meant to be there.
    if (!['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT'].includes(signal)) return;
    while (readPid(this.folder, name) === pid) await sleep(5);
  }

  async #post(path: string, body?: unknown): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.greeting.port}/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.greeting.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the cluster's supervisor refused ${path}: ${response.status} ${text}`);
  }
}

/** Ends what a supervisor that was itself killed could not end. Only processes that were started in this folder are touched. */
export function endOrphans(folder: string): void {
  const pids = join(folder, 'pids');
  for (const name of existsSync(pids) ? readdirSync(pids) : []) {
    const pid = readPid(folder, name);
    if (pid !== undefined && isAlive(pid) && commandLine(pid).includes(folder)) process.kill(pid, 'SIGKILL');
    rmSync(join(pids, name), { force: true });
  }
}

function readPid(folder: string, name: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(folder, 'pids', name), 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function commandLine(pid: number): string {
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
