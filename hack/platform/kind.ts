import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { provideBinaries } from '../cluster/binaries.ts';
import { kubeconfigFile } from '../cluster/run.ts';
import { systemNamespace } from './chart.ts';
import { gatherPrograms, programsFolder } from './running.ts';

const root = join(import.meta.dirname, '..', '..');
const image = { repository: 'countersign', tag: 'development' };

/**
 * CLUSTER=kind: in kind, pods really run, so the operator runs as the chart's own Deployment, from an image built here.
 * Not run by those who wrote it, who had no Docker.
 */
export async function installOnKind(log: (line: string) => void): Promise<void> {
  const { kubectl, helm } = await provideBinaries(log);
  log('building the image and loading it into kind');
  run('docker', ['build', '--quiet', '--tag', `${image.repository}:${image.tag}`, root]);
  run('kind', ['load', 'docker-image', `${image.repository}:${image.tag}`, '--name', 'countersign']);
  log('installing the chart');
  const values = ['--set', `image.repository=${image.repository}`, '--set', `image.tag=${image.tag}`];
  const where = ['--namespace', systemNamespace, '--create-namespace', '--kubeconfig', kubeconfigFile];
  run(helm, ['upgrade', '--install', 'countersign', join(root, 'charts', 'countersign'), ...where, ...values, '--wait', '--timeout', '5m']);
  gatherPrograms({ kubectl, helm }, programsFolder);
  log('the operator runs in kind');
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}
