import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { NotObserved } from './notObserved.ts';
import type { Terminal } from './terminal.ts';

export interface Answer {
  readonly code: number;
  /** What it wrote to both of its outputs, in order. */
  readonly text: string;
}

/** Somebody with a kubeconfig of their own, who types commands and reads the answers. */
export class Person {
  readonly name: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #folder: string;
  readonly #terminal: Terminal;

  /** `folder` is where they type; `programs` is where they find kubectl and its like. */
  constructor(name: string, options: { kubeconfig: string; programs: string; folder: string; terminal: Terminal }) {
    this.name = name;
    this.#environment = { ...process.env, KUBECONFIG: options.kubeconfig, PATH: `${options.programs}:${process.env['PATH'] ?? ''}` };
    this.#folder = options.folder;
    this.#terminal = options.terminal;
  }

  /** Runs exactly what is shown, and expects it to work. @throws NotObserved */
  async types(command: string): Promise<Answer> {
    const answer = await this.#show(command);
    if (answer.code !== 0) throw new NotObserved(`"${command}" to work`, `it ended with ${answer.code}`);
    return answer;
  }

  /** Runs exactly what is shown, and expects a refusal in these words. @throws NotObserved */
  async isRefused(command: string, words: string): Promise<void> {
    const answer = await this.#show(command);
    if (answer.code === 0) throw new NotObserved(`"${command}" to be refused`, 'it worked');
    if (!answer.text.includes(words)) throw new NotObserved(`"${command}" to be refused with "${words}"`, answer.text);
  }

  /** Asks without showing it, until the answer is what it should become. @throws NotObserved with the last answer when patience is over */
  async waitsFor(what: string, command: string, isSo: (text: string) => boolean, patienceMs = 60_000): Promise<string> {
    const until = Date.now() + patienceMs;
    for (;;) {
      const answer = await this.run(command);
      if (answer.code === 0 && isSo(answer.text)) return answer.text;
      if (Date.now() > until) throw new NotObserved(what, answer.text);
      await sleep(200);
    }
  }

  /** Runs it without showing it. */
  run(command: string): Promise<Answer> {
    const child = spawn('/bin/sh', ['-c', `exec 2>&1\n${command}`], {
      cwd: this.#folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code: code ?? 1, text }));
    });
  }

  async #show(command: string): Promise<Answer> {
    this.#terminal.command(this.name, command);
    const answer = await this.run(command);
    this.#terminal.answer(answer.text);
    return answer;
  }
}
