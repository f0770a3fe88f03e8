import { run } from './app.ts';
import type { Io } from './io.ts';
import { fillGaps, nodeIsTooOld, oldestNode } from './olderNode.ts';
import { palette } from './output/palette.ts';

const io: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  errIsTerminal: process.stderr.isTTY,
  colours: palette(process.stdout.isTTY, process.env),
  env: process.env,
};

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
