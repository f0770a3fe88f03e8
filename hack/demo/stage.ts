import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attachCluster, type Cluster } from '../cluster/cluster.ts';
import { clusterFolder } from '../cluster/run.ts';
import { startApprovals } from '../platform/approvals.ts';
import { startPlatform } from '../platform/platform.ts';
import { gatherPrograms, logFiles, programsFolder } from '../platform/running.ts';

const root = join(import.meta.dirname, '..', '..');

/** Where the story is told: a control plane, with the operator and the approval service on it. */
export interface Stage {
  readonly cluster: Cluster;
  readonly programs: string;
  /** Of the operator, and of the approval service. */
  readonly logs: readonly string[];
  leave(): Promise<void>;
}

/** One of its own, that ends with the story. `settings`: for the approval service. */
export async function ownStage(settings: Readonly<Record<string, string>>, log: (line: string) => void): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'countersign-demo-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const platform = await startPlatform({ dir, fsync: false, log });
  log('starting the approval service');
  const approvals = await startApprovals(platform.cluster, { dir: join(dir, 'approvals'), env: settings });
  await approvals.ready();
  const programs = join(dir, 'bin');
  gatherPrograms(platform.cluster, programs);
  const leave = async (): Promise<void> => {
    await approvals.stop();
    await platform.stop();
  };
  return { cluster: platform.cluster, programs, logs: [platform.operator.logFile, approvals.logFile], leave };
}

/** That of `make up`, which stays. */
export async function keptStage(settings: Readonly<Record<string, string>>): Promise<Stage> {
  if ((await attachCluster(clusterFolder)) !== undefined) {
    throw new Error('KEEP=1 needs a cluster that is new, and one is running; end it first with: make down');
  }
  const env = { ...process.env, ...settings };
  const { status } = spawnSync(process.execPath, ['hack/platform/main.ts', 'up'], { cwd: root, stdio: 'inherit', env });
  const cluster = status === 0 ? await attachCluster(clusterFolder) : undefined;
  if (cluster === undefined) throw new Error('the cluster did not start');
  return { cluster, programs: programsFolder, logs: logFiles, leave: () => Promise.resolve() };
}
