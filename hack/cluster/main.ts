// The command behind `make up` and its like: build, up, down, status.
import { rmSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { provideBinaries } from './binaries.ts';
import { attachCluster, removeCluster, startCluster } from './cluster.ts';
import { componentNames } from './contract.ts';
import type { Cluster } from './contract.ts';
import { kindDown, kindStatus, kindUp } from './kind.ts';
import { withLock } from './lock.ts';
import { kubernetesVersion } from './recipe.ts';
import { clusterFolder, kubeconfigFile, runFolder } from './run.ts';

const log = (line: string): void => console.log(line);
const shown = (path: string): string => relative(process.cwd(), path);

async function up(): Promise<void> {
  const running = await attachCluster(clusterFolder);
  if (running !== undefined) {
    log(`already running at ${running.url}`);
  } else {
    log('starting the cluster');
    const cluster = await startCluster({ dir: clusterFolder, detached: true, log });
    await copyFile(cluster.adminKubeconfig, kubeconfigFile);
    log(`Kubernetes ${kubernetesVersion()} runs at ${cluster.url}`);
  }
  log(`as its admin: export KUBECONFIG=${shown(kubeconfigFile)}`);
}

async function down(): Promise<void> {
  const cluster = await attachCluster(clusterFolder);
  await cluster?.stop();
  removeCluster(clusterFolder);
  for (const path of [clusterFolder, kubeconfigFile]) rmSync(path, { recursive: true, force: true });
  log(cluster === undefined ? 'no cluster was running' : 'the cluster is stopped and its state removed');
}

async function status(): Promise<void> {
  const cluster = await attachCluster(clusterFolder);
  if (cluster === undefined) {
    log('no cluster is running; `make up` starts one');
    process.exitCode = 1;
    return;
  }
  log(`${cluster.name} at ${cluster.url}`);
  for (const name of componentNames) {
    const pid = cluster.component(name).pid();
    log(`${name.padEnd(24)} ${pid === undefined ? `ended, see ${shown(join(cluster.dir, 'logs', `${name}.log`))}` : `pid ${pid}`}`);
  }
  const ready = await answersSoon(cluster);
  log(ready ? 'ready' : 'not ready');
  if (!ready) process.exitCode = 1;
}

async function answersSoon(cluster: Cluster): Promise<boolean> {
  if (componentNames.some((name) => cluster.component(name).pid() === undefined)) return false;
  return cluster.ready(5_000).then(
    () => true,
    () => false,
  );
}

async function main(): Promise<void> {
  const kind = process.env['CLUSTER'] === 'kind';
  if (!kind && (process.env['CLUSTER'] ?? 'local') !== 'local') throw new Error('CLUSTER is either unset or kind');
  await mkdir(runFolder, { recursive: true });
  // Two of these at once take turns, so that the second finds what the first made.
  const inTurn = (work: () => void | Promise<void>): Promise<void> =>
    withLock(
      join(runFolder, 'lock'),
      () => log('another command is at work on the cluster; waiting for it'),
      async () => work(),
    );
  switch (process.argv[2]) {
    case 'build':
      await provideBinaries(log);
      log("the cluster's programs are ready");
      break;
    case 'up':
      await inTurn(kind ? () => kindUp(log) : up);
      break;
    case 'down':
      await inTurn(kind ? () => kindDown(log) : down);
      break;
    case 'status':
      if (kind) kindStatus(log);
      else await status();
      break;
    default:
      throw new Error('usage: node hack/cluster/main.ts build|up|down|status');
  }
}

main().catch((error: unknown) => {
  // What goes wrong here is told in a sentence; whoever wants the stack sets DEBUG.
  console.error(process.env['DEBUG'] ? error : error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
