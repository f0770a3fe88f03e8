// CLUSTER=kind: for those who have Docker and want pods that really run. Everything else of this folder does without.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { files } from './components.ts';
import { clusterFolder, kubeconfigFile } from './run.ts';

const name = 'countersign';
type Log = (line: string) => void;

export function kindUp(log: Log): void {
  requireDocker();
  if (exists()) {
    run('kind', ['export', 'kubeconfig', '--name', name, '--kubeconfig', kubeconfigFile]);
    log('already running in kind');
  } else {
    log('starting the cluster in kind');
    run('kind', ['create', 'cluster', '--name', name, '--kubeconfig', kubeconfigFile, '--wait', '120s']);
  }
  // hack/user signs certificates with the cluster's CA, wherever the cluster runs.
  const { pki } = files(clusterFolder);
  mkdirSync(pki, { recursive: true, mode: 0o700 });
  for (const file of ['ca.crt', 'ca.key']) {
    run('docker', ['cp', `${name}-control-plane:/etc/kubernetes/pki/${file}`, join(pki, file)]);
  }
}

export function kindDown(log: Log): void {
  requireDocker();
  const there = exists();
  if (there) run('kind', ['delete', 'cluster', '--name', name]);
  for (const path of [files(clusterFolder).pki, kubeconfigFile]) rmSync(path, { recursive: true, force: true });
  log(there ? 'the kind cluster is deleted' : 'no kind cluster was running');
}

export function kindStatus(log: Log): void {
  requireDocker();
  if (!exists()) process.exitCode = 1;
  log(exists() ? `kind cluster ${name} exists` : 'no kind cluster is running');
}

function requireDocker(): void {
  const working = (command: string, args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
  if (!working('kind', ['version']))
    throw new Error('CLUSTER=kind needs kind on the PATH; without CLUSTER=kind no container engine is needed.');
  if (!working('docker', ['info']))
    throw new Error('CLUSTER=kind needs a Docker engine that answers; without CLUSTER=kind none is needed.');
}

function exists(): boolean {
  return spawnSync('kind', ['get', 'clusters'], { encoding: 'utf8' }).stdout.split('\n').includes(name);
}

function run(command: string, args: string[]): void {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}
