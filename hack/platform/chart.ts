import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Cluster } from '../cluster/cluster.ts';
import { kubectlFlags } from '../cluster/kubeconfig.ts';

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
  // With the approval service, which nothing here has to start; there is nobody to make a volume of its own for it.
  const approvals = { 'approvals.enabled': 'true', 'approvals.database.volume.persistent': 'false' };
  const values = { 'admission.url': admissionUrl, ...approvals, ...set };
  const flags = Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  await helm(cluster, ['upgrade', '--install', 'countersign', chart, '--namespace', systemNamespace, '--create-namespace', ...flags]);
  await kindsAreKnown(cluster);
}

/** Right after CRDs were created, or it was started, the API server's admission policies refuse objects of kinds that they have not heard of yet. */
export async function kindsAreKnown(cluster: Cluster, patienceMs = 60_000): Promise<void> {
  const until = Date.now() + patienceMs;
  const apiVersion = 'countersign.dev/v1alpha1';
  const probes = [
    {
      apiVersion,
      kind: 'ApprovalRequest',
      metadata: { name: 'probe' },
      spec: { subject: { external: { system: 'probe', id: 'probe' } }, operation: 'probe' },
    },
    {
      apiVersion,
      kind: 'ApprovalDecision',
      metadata: { name: 'probe' },
      spec: { verdict: 'Comment', requests: [{ name: 'probe', uid: 'probe', digest: `v1:sha256:${'0'.repeat(64)}` }] },
    },
  ];
  for (const probe of probes) {
    while ((await answerTo(cluster, probe)).includes('There can be a delay') && Date.now() < until) await sleep(200);
  }
}

/** What the API server says to an object that it is not to keep; empty when it would take it. */
function answerTo(cluster: Cluster, object: object): Promise<string> {
  return new Promise((resolve) => {
    const flags = [...kubectlFlags(cluster.adminKubeconfig), '-n', 'default', 'create', '--dry-run=server', '-f', '-'];
    const child = execFile(cluster.kubectl, flags, (error, _out, said) => resolve(error === null ? '' : said));
    child.stdin?.end(JSON.stringify(object));
  });
}

/** Runs helm as the cluster's admin; what it printed. */
export async function helm(cluster: Cluster, args: readonly string[]): Promise<string> {
  const { stdout } = await run(cluster.helm, [...args, '--kubeconfig', cluster.adminKubeconfig], { maxBuffer: 64 << 20 });
  return stdout;
}

/** Runs kubectl as the cluster's admin; what it printed. */
export async function kubectl(cluster: Cluster, args: readonly string[]): Promise<string> {
  const { stdout } = await run(cluster.kubectl, [...kubectlFlags(cluster.adminKubeconfig), ...args], { maxBuffer: 64 << 20 });
  return stdout;
}

/** The names of the controller's pods, oldest name first, once there are `count` of them that run. */
export const controllerPods = (cluster: Cluster, count: number, patienceMs = 60_000): Promise<string[]> =>
  podsOf(cluster, 'controller', count, patienceMs);

/** The same of the approval service. */
export const approvalsPods = (cluster: Cluster, count: number, patienceMs = 60_000): Promise<string[]> =>
  podsOf(cluster, 'approvals', count, patienceMs);

async function podsOf(cluster: Cluster, component: string, count: number, patienceMs: number): Promise<string[]> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const selector = `app.kubernetes.io/name=countersign,app.kubernetes.io/component=${component}`;
    const text = await kubectl(cluster, ['get', 'pods', '-n', systemNamespace, '-l', selector, '-o', 'json']);
    const { items } = JSON.parse(text) as { items: { metadata: { name: string }; status?: { phase?: string } }[] };
    const names = items.filter((pod) => pod.status?.phase === 'Running').map((pod) => pod.metadata.name);
    if (names.length >= count) return names.sort();
    if (Date.now() > until)
      throw new Error(`the chart's ${component} has ${names.length} running pods after ${patienceMs / 1000} s; expected ${count}`);
    await sleep(200);
  }
}
