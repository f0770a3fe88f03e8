import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Cluster } from '../cluster/cluster.ts';

const run = promisify(execFile);

/** Where the chart puts everything of ours, here and in the docs. */
export const systemNamespace = 'countersign-system';

const chart = join(import.meta.dirname, '..', '..', 'charts', 'countersign');

export interface ChartOptions {
  /** Where the API server finds admission: a process on this host. */
  readonly admissionUrl: string;
  /** Further `--set` values. */
  readonly set?: Readonly<Record<string, string>>;
}

/** Installs or upgrades the chart as a user would. The fake kubelet says that its pods run; the processes are started beside it. */
export async function installChart(cluster: Cluster, { admissionUrl, set = {} }: ChartOptions): Promise<void> {
  const values = { 'admission.url': admissionUrl, ...set };
  const flags = Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  await helm(cluster, ['upgrade', '--install', 'countersign', chart, '--namespace', systemNamespace, '--create-namespace', ...flags]);
}

/** Runs helm as the cluster's admin; what it printed. */
export async function helm(cluster: Cluster, args: readonly string[]): Promise<string> {
  const { stdout } = await run(cluster.helm, [...args, '--kubeconfig', cluster.adminKubeconfig], { maxBuffer: 64 << 20 });
  return stdout;
}

/** Runs kubectl as the cluster's admin; what it printed. */
export async function kubectl(cluster: Cluster, args: readonly string[]): Promise<string> {
  const { stdout } = await run(cluster.kubectl, ['--kubeconfig', cluster.adminKubeconfig, ...args], { maxBuffer: 64 << 20 });
  return stdout;
}

/** The names of the controller's pods, oldest name first, once there are `count` of them that run. */
export async function controllerPods(cluster: Cluster, count: number, patienceMs = 60_000): Promise<string[]> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const selector = 'app.kubernetes.io/name=countersign,app.kubernetes.io/component=controller';
    const text = await kubectl(cluster, ['get', 'pods', '-n', systemNamespace, '-l', selector, '-o', 'json']);
    const { items } = JSON.parse(text) as { items: { metadata: { name: string }; status?: { phase?: string } }[] };
    const names = items.filter((pod) => pod.status?.phase === 'Running').map((pod) => pod.metadata.name);
    if (names.length >= count) return names.sort();
    if (Date.now() > until)
      throw new Error(`the chart's controller has ${names.length} running pods after ${patienceMs / 1000} s; expected ${count}`);
    await sleep(200);
  }
}
