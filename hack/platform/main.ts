// The command behind `make up` and `make down`: the cluster of hack/cluster with the chart on it and the operator beside it, left running.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { attachCluster, type Cluster } from '../cluster/cluster.ts';
import { clusterFolder, kubeconfigFile, runFolder } from '../cluster/run.ts';
import { approvalsAuthority, startApprovals, type ApprovalsProcess } from './approvals.ts';
import { installOnKind } from './kind.ts';
import { installPlatform } from './platform.ts';
import { gatherPrograms, programsFolder, remember, stopRemembered } from './running.ts';

const log = (line: string): void => console.log(line);
const shown = (path: string): string => relative(process.cwd(), path);

/** The cluster has a command of its own, which other work on it uses too. */
function clusterCommand(verb: 'up' | 'down'): void {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, '..', 'cluster', 'main.ts'), verb], { stdio: 'inherit' });
  // What went wrong it has said itself.
  if (status !== 0) process.exit(1);
}

async function up(): Promise<void> {
  clusterCommand('up');
  if (process.env['CLUSTER'] === 'kind') {
    await installOnKind(log);
    return;
  }
  const cluster = await attachCluster(clusterFolder);
  if (cluster === undefined) throw new Error('the cluster ended as soon as it had started; see .run/cluster/logs');
  if (await stopRemembered()) log('stopped what was running');
  const { operator } = await installPlatform(cluster, { dir: runFolder, detached: true, log });
  remember('operator', operator);
  const { approvals, caFile } = await serviceUp(cluster);
  gatherPrograms(cluster, programsFolder);
  log(`
The operator runs, with a token that is good for a day (make up again renews it); its log: ${shown(operator.logFile)}
To use it from this shell, as the cluster's admin, with kubectl, helm and kubectl approve:

  export KUBECONFIG=$PWD/${shown(kubeconfigFile)} PATH=$PWD/${shown(programsFolder)}:$PATH

The approval service answers at ${approvals.url}, with a certificate of ${shown(caFile)}; its log: ${shown(approvals.logFile)}
A token for it: kubectl create token NAME --audience=countersign-approvals

As somebody else: hack/user NAME GROUP… > FILE. To end it: make down`);
}

async function serviceUp(cluster: Cluster): Promise<{ approvals: ApprovalsProcess; caFile: string }> {
  log('starting the approval service');
  const dir = join(runFolder, 'approvals');
  const approvals = await startApprovals(cluster, { dir, detached: true, env: settingsOfService() });
  await approvals.ready();
  remember('approvals', approvals);
  const caFile = join(dir, 'ca.crt');
  writeFileSync(caFile, await approvalsAuthority(cluster));
  return { approvals, caFile };
}

/** What whoever runs this has set of the approval service, such as a mail server that it may call. */
function settingsOfService(): Record<string, string> {
  const set = Object.entries(process.env).filter(([name]) => /^COUNTERSIGN_(APPROVALS|HTTP)_/.test(name));
  return Object.fromEntries(set.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

async function down(): Promise<void> {
  if (await stopRemembered()) log('the operator and the approval service are stopped');
  clusterCommand('down');
}

async function main(): Promise<void> {
  const verb = process.argv[2];
  if (verb === 'up') await up();
  else if (verb === 'down') await down();
  else throw new Error('usage: node hack/platform/main.ts up|down');
}

main().catch((error: unknown) => {
  console.error(process.env['DEBUG'] ? error : error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
