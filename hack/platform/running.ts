import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import { runFolder } from '../cluster/run.ts';

const root = join(import.meta.dirname, '..', '..');
const processes = ['operator', 'approvals'] as const;
type Named = (typeof processes)[number];
const fileOf = (name: Named): string => join(runFolder, name, 'running.json');

/** The logs of what `make up` left running. */
export const logFiles = processes.map((name) => join(runFolder, name, 'operator.log'));

/** Where kubectl, helm and kubectl-approve are found once `make up` has run. */
export const programsFolder = join(runFolder, 'bin');

interface Running {
  readonly pid: number;
  readonly healthUrl: string;
}

/** Remembers a process that was left running, for a later `make up` or `make down`. */
export function remember(name: Named, { pid, healthUrl }: Running): void {
  writeFileSync(fileOf(name), JSON.stringify({ pid, healthUrl }));
}

/** Ends the operator and the approval service that an earlier `make up` left running, if they still run; whether there were any. */
export async function stopRemembered(): Promise<boolean> {
  const stopped = await Promise.all(processes.map(stopOne));
  return stopped.includes(true);
}

async function stopOne(name: Named): Promise<boolean> {
  const running = remembered(name);
  rmSync(fileOf(name), { force: true });
  // A pid alone may belong to somebody else by now; a pid whose health port answers is ours.
  if (running === undefined || !(await answers(running.healthUrl))) return false;
  process.kill(running.pid, 'SIGTERM');
  while (await answers(running.healthUrl)) await sleep(50);
  return true;
}

function remembered(name: Named): Running | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(name), 'utf8')) as Running;
  } catch {
    return undefined;
  }
}

const answers = (healthUrl: string): Promise<boolean> =>
  fetch(`${healthUrl}/health`).then(
    () => true,
    () => false,
  );

/** Builds the plugin and puts it in one folder with the cluster's kubectl and helm, so that `kubectl approve` works from there. */
export function gatherPrograms(cluster: Pick<Cluster, 'kubectl' | 'helm'>, folder: string): void {
  execFileSync(process.execPath, ['hack/build.ts', 'plugin'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  mkdirSync(folder, { recursive: true });
  const programs = { kubectl: cluster.kubectl, helm: cluster.helm, 'kubectl-approve': join(root, 'bin', 'kubectl-approve') };
  for (const [name, target] of Object.entries(programs)) {
    rmSync(join(folder, name), { force: true });
    symlinkSync(target, join(folder, name));
  }
}
