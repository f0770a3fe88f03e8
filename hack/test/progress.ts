import { spawn } from 'node:child_process';

const root = `${import.meta.dirname}/../..`;

/** One line of our own on the terminal. */
export const inform = (line: string): void => void process.stdout.write(`${line}\n`);

const seconds = (since: number): number => Math.round((Date.now() - since) / 1000);

/**
 * Runs a program that writes to our own terminal, and says once a minute that it still runs.
 * Told to end, we end it first: a cluster must not outlive the run that it was started for.
 * @throws when we were told to end, so that nothing more is begun.
 */
export async function runVisibly(title: string, [program = '', ...args]: readonly string[]): Promise<{ code: number; seconds: number }> {
  const started = Date.now();
  inform(`\n== ${title}`);
  const heartbeat = setInterval(() => inform(`== ${title}: ${seconds(started)} s so far`), 60_000);
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  let toldToEnd: NodeJS.Signals | undefined;
  const forward = (signal: NodeJS.Signals): void => {
    toldToEnd = signal;
    child.kill(signal);
  };
  process.once('SIGTERM', forward).once('SIGINT', forward);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exitCode) => resolve(exitCode ?? 1));
    });
    // Read through a function: the compiler does not see that the handler sets it.
    const signal = ((): NodeJS.Signals | undefined => toldToEnd)();
    if (signal !== undefined) throw new Error(`ended by ${signal}; the tests are not complete`);
    return { code, seconds: seconds(started) };
  } finally {
    clearInterval(heartbeat);
    process.off('SIGTERM', forward).off('SIGINT', forward);
  }
}
