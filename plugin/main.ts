import { run } from './app.ts';
import type { Io } from './io.ts';
import { fillGaps, nodeIsTooOld, oldestNode } from './olderNode.ts';
import { palette } from './output/palette.ts';

const io: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  errIsTerminal: process.stderr.isTTY,
  colours: palette(process.stdout.isTTY, process.env),
  input: async () => (await import('node:stream/consumers')).text(process.stdin),
  // The question goes to stderr, so both must be terminals for somebody to see it and answer.
  ...(process.stdin.isTTY && process.stderr.isTTY ? { ask } : {}),
  env: process.env,
};

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Whoever closes the input (^D) has typed nothing.
    const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
    return await Promise.race([terminal.question(question), closed]);
  } finally {
    terminal.close();
  }
}

// `kubectl approve list | head` closes the pipe early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

if (nodeIsTooOld(process.versions.node)) {
  io.err(`error: kubectl approve needs Node ${oldestNode.join('.')} or later; the node on your PATH is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  fillGaps();
  // `run` never throws; the process ends by itself once its output is written.
  void run(process.argv.slice(2), io).then((code) => {
    process.exitCode = code;
  });
}
