import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { attachCluster, type Cluster } from '../cluster/cluster.ts';
import { componentNames } from '../cluster/contract.ts';
import { approvalsAuthority, startApprovals, type ApprovalsProcess } from '../platform/approvals.ts';
import { controllerPods, kubectl } from '../platform/chart.ts';
import { startOperator, type OperatorProcess } from '../platform/operator.ts';
import { startPlatform, type Platform } from '../platform/platform.ts';
import { accessOf, BareClient, Refused } from './bareClient.ts';
import { job, jobsPath, policiesPath } from './objects.ts';
import { cpuSeconds } from './processes.ts';
import type { Report } from './report.ts';
import type { Settings } from './settings.ts';

/** Seconds of CPU a second that an idle control plane uses, on a busy machine. */
const quietShare = 0.3;
const root = join(import.meta.dirname, '..', '..');
const chartDir = join(root, 'charts', 'countersign');
const quietPatienceMs = 60_000;
const removalPatienceMs = 180_000;
const holdsPatienceMs = 60_000;

export interface BenchOptions {
  readonly dir: string;
  readonly settings: Settings;
  readonly report: Report;
  readonly log: (line: string) => void;
}

/** What every scenario uses: one control plane with the chart and the operator, and people who act on it. */
export class Bench {
  readonly settings: Settings;
  readonly report: Report;
  readonly log: (line: string) => void;
  readonly cluster: Cluster;
  /** The cluster's admin: who creates Jobs, and the bare client. */
  readonly admin: BareClient;
  /** Of the group finance, and may decide. */
  readonly bob: BareClient;
  readonly #options: BenchOptions;
  readonly #platform: Platform;
  #operator: OperatorProcess;
  #namespaces = 0;
  #stopping: Promise<void> | undefined;

  private constructor(options: BenchOptions, platform: Platform, bob: BareClient) {
    this.#options = options;
    this.settings = options.settings;
    this.report = options.report;
    this.log = options.log;
    this.#platform = platform;
    this.#operator = platform.operator;
    this.cluster = platform.cluster;
    // A few more than its share, so that watches take none away.
    this.admin = new BareClient(accessOf(platform.cluster.adminKubeconfig), options.settings.connections + 4);
    this.bob = bob;
  }

  static async start(options: BenchOptions): Promise<Bench> {
    const { dir, log, settings } = options;
    if ((await attachCluster(join(dir, 'cluster'))) !== undefined) throw new Error(`a benchmark is running in ${dir}; end it first`);
    // Logs of an earlier run would be taken for those of this one.
    rmSync(dir, { recursive: true, force: true });
    log('building the operator as it ships');
    await promisify(execFile)(process.execPath, [join(import.meta.dirname, '..', 'build.ts'), 'operator', '--out', dir]);
    const platform = await startPlatform({ dir, fsync: true, log, program: bundleIn(dir), env: operatorEnv(settings) });
    try {
      await kubectl(platform.cluster, [
        'create',
        'clusterrolebinding',
        'bench-approvers',
        '--clusterrole=countersign-approver',
        '--group=finance',
      ]);
      const bob = accessOf(await platform.cluster.userKubeconfig('bob', ['finance']));
      return new Bench(options, platform, new BareClient(bob, settings.connections));
    } catch (error) {
      await platform.stop();
      throw error;
    }
  }

  get operator(): OperatorProcess {
    return this.#operator;
  }

  /** Starts the operator anew, after it was stopped; does not wait until it is ready. */
  async startOperator(): Promise<void> {
    const [pod] = await controllerPods(this.cluster, 1);
    if (pod === undefined) throw new Error('the chart has no controller pod');
    const { admissionPort } = this.#platform;
    const dir = join(this.#options.dir, 'operator');
    const program = bundleIn(this.#options.dir);
    const env = { COUNTERSIGN_HOLD_MODE: 'MutatingAdmissionPolicy', ...operatorEnv(this.settings) };
    this.#operator = await startOperator(this.cluster, { dir, pod, admissionPort, program, env });
  }

  /** Starts the approval service as it ships, on a database of its own, and waits until it is ready; whoever starts it stops it. */
  async startApprovals(): Promise<{ process: ApprovalsProcess; ca: string }> {
    const dir = join(this.#options.dir, 'approvals');
    const program = bundleIn(this.#options.dir);
    const process = await startApprovals(this.cluster, { dir, program, env: operatorEnv(this.settings) });
    await process.ready();
    return { process, ca: await approvalsAuthority(this.cluster) };
  }

  /** A new namespace; with a policy, it is returned once the policy bites. */
  async namespace(policy?: object): Promise<string> {
    const name = `bench-${(this.#namespaces += 1)}`;
    await this.admin.send('POST', '/api/v1/namespaces', { metadata: { name, labels: { 'countersign-bench': name } } });
    if (policy === undefined) return name;
    await this.admin.send('POST', policiesPath(name), policy);
    await this.holds(name);
    return name;
  }

  /** Waits until new Jobs in a namespace are put on hold. */
  async holds(namespace: string): Promise<void> {
    const until = Date.now() + holdsPatienceMs;
    while (!(await this.#isHeld(namespace))) {
      if (Date.now() > until)
        throw new Error(`Jobs in ${namespace} are not held after ${holdsPatienceMs / 1000} s; see ${this.#operator.logFile}`);
      await sleep(100);
    }
  }

  async #isHeld(namespace: string): Promise<boolean> {
    try {
      const path = `${jobsPath(namespace)}?dryRun=All`;
      const { spec } = await this.admin.object<{ spec: { suspend?: boolean } }>('POST', path, job('probe'));
      return spec.suspend === true;
    } catch (error) {
      // What refuses bites already and what holds does not yet.
      if (error instanceof Refused && error.status === 403) return false;
      throw error;
    }
  }

  /** Removes a namespace with all that is in it, and waits until it is gone and the control plane has calmed down. */
  async remove(namespace: string): Promise<void> {
    await this.admin.send('DELETE', `/api/v1/namespaces/${namespace}`);
    const until = Date.now() + removalPatienceMs;
    while ((await this.#exists(namespace)) && Date.now() < until) await sleep(500);
    await this.quiet();
  }

  async #exists(namespace: string): Promise<boolean> {
    try {
      await this.admin.send('GET', `/api/v1/namespaces/${namespace}`);
      return true;
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return false;
      throw error;
    }
  }

  /** Waits until the control plane and the operator have next to nothing to do, so that one scenario does not pay for another. */
  async quiet(): Promise<void> {
    const until = Date.now() + quietPatienceMs;
    for (let before = this.#cpu(); Date.now() < until;) {
      await sleep(1_000);
      const now = this.#cpu();
      if (now - before < quietShare) return;
      before = now;
    }
    this.log('the control plane has not calmed down; going on');
  }

  #cpu(): number {
    const pids = componentNames.map((name) => this.cluster.component(name).pid());
    const all = [...pids, this.#operator.ended() ? undefined : this.#operator.pid].filter((pid) => pid !== undefined);
    return all.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  }

  /** Ends all that it started, once: what still runs then fails, and stops it in its turn. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    await this.admin.close();
    await this.bob.close();
    await this.#operator.stop();
    await this.#platform.stop();
  }
}

const bundleIn = (dir: string): string => join(dir, 'dist', 'operator.mjs');

/** Node is started as the chart starts it, in the image's environment. */
function operatorEnv({ profileDir }: Settings): Record<string, string> {
  const { nodeOptions } = parse(readFileSync(join(chartDir, 'values.yaml'), 'utf8')) as { nodeOptions: string };
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  return { ...imageEnv(), NODE_OPTIONS: [nodeOptions, ...profile].join(' ') };
}

/** The lines `ENV NAME=VALUE` of the Dockerfile. */
const imageEnv = (): Record<string, string> =>
  Object.fromEntries(
    [...readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^ENV (\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
