import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { onInterruption } from '../platform/interruption.ts';
import { Bench } from './bench.ts';
import { Report } from './report.ts';
import { approvals } from './scenarios/approvals.ts';
import { auto } from './scenarios/auto.ts';
import { barePair } from './scenarios/barePair.ts';
import { decided } from './scenarios/decided.ts';
import { guards } from './scenarios/guards.ts';
import { limit } from './scenarios/limit.ts';
import { planning } from './scenarios/planning.ts';
import { replan } from './scenarios/replan.ts';
import { restart } from './scenarios/restart.ts';
import { unhurried } from './scenarios/unhurried.ts';
import { writes } from './scenarios/writes.ts';
import { readSettings, type Settings } from './settings.ts';

const folder = join(import.meta.dirname, '..', '..', '.run');

interface Part {
  readonly name: string;
  run(bench: Bench, settings: Settings): Promise<void>;
}

const forEachSize =
  (scenario: (bench: Bench, n: number) => Promise<void>): Part['run'] =>
  async (bench, { sizes }) => {
    for (const n of sizes) await scenario(bench, n);
  };

/** In this order; what is compared with a limit comes after it. */
const parts: readonly Part[] = [
  { name: 'limit', run: forEachSize((bench, n) => limit(bench, n, 'first')) },
  { name: 'pair', run: forEachSize(barePair) },
  { name: 'auto', run: forEachSize(auto) },
  { name: 'decided', run: forEachSize(decided) },
  { name: 'unhurried', run: (bench, { unhurried: n }) => unhurried(bench, n) },
  { name: 'writes', run: (bench, { sizes }) => writes(bench, Math.min(100, sizes[0] ?? 100)) },
  { name: 'approvals', run: approvals },
  { name: 'guards', run: (bench, { sizes }) => guards(bench, sizes[0] ?? 500) },
  // The first measurement once more: what differs is how much the machine drifts.
  { name: 'limit', run: (bench, { sizes }) => limit(bench, sizes[0] ?? 500, 'again') },
  { name: 'restart', run: async (bench, { held }) => replan(bench, await restart(bench, held), held - 1) },
];

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const log = (line: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
  const report = new Report(join(folder, 'bench.jsonl'), log);
  log(
    `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, load ${loadavg()
      .map((l) => l.toFixed(1))
      .join(' ')}`,
  );
  const isWanted = (name: string): boolean => settings.only.length === 0 || settings.only.includes(name);
  // Before anything else runs on this machine.
  if (isWanted('planning')) planning(report);
  try {
    if (parts.some(({ name }) => isWanted(name))) await onCluster(settings, report, log, isWanted);
  } finally {
    process.stdout.write(`${report.table()}\n`);
  }
}

async function onCluster(
  settings: Settings,
  report: Report,
  log: (line: string) => void,
  isWanted: (name: string) => boolean,
): Promise<void> {
  const bench = await Bench.start({ dir: join(folder, 'bench'), settings, report, log });
  onInterruption(() => bench.stop());
  try {
    for (const part of parts) {
      if (!isWanted(part.name)) continue;
      log(part.name);
      await part.run(bench, settings);
    }
  } finally {
    await bench.stop();
  }
}

await main();
