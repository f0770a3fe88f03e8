import { join } from 'node:path';
import { attachCluster, startCluster, type Cluster } from '../cluster/cluster.ts';
import { controllerPods, installChart } from './chart.ts';
import { freePort } from '../cluster/ports.ts';
import { startOperator, type OperatorProcess } from './operator.ts';

export interface PlatformOptions {
  /** Everything lies below it. */
  readonly dir: string;
  readonly fsync?: boolean;
  /** Values for the chart. */
  readonly set?: Readonly<Record<string, string>>;
  /** What to run as the operator instead of its sources. */
  readonly program?: string;
  /** Environment of the operator. */
  readonly env?: Readonly<Record<string, string>>;
  readonly detached?: boolean;
  readonly log?: (line: string) => void;
}

/** A cluster with the chart installed and one operator process that stands for one of its pods. */
export interface Platform {
  readonly cluster: Cluster;
  readonly operator: OperatorProcess;
  readonly admissionPort: number;
  stop(): Promise<void>;
}

/** Starts a cluster, installs the chart and starts the operator; ready when the operator says so. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const log = options.log ?? (() => undefined);
  const cluster = await startCluster({
    dir: join(options.dir, 'cluster'),
    detached: options.detached === true,
    log,
    ...(options.fsync === undefined ? {} : { fsync: options.fsync }),
  });
  const { operator, admissionPort } = await installPlatform(cluster, options);
  const stop = async (): Promise<void> => {
    await operator.stop();
    await cluster.stop();
  };
  return { cluster, operator, admissionPort, stop };
}

/** The chart and the operator on a cluster that runs already. */
export async function installPlatform(cluster: Cluster, options: PlatformOptions): Promise<Pick<Platform, 'operator' | 'admissionPort'>> {
  const log = options.log ?? (() => undefined);
  const admissionPort = await freePort();
  log('installing the chart');
  await installChart(cluster, {
    admissionUrl: `https://127.0.0.1:${admissionPort}`,
    ...(options.set === undefined ? {} : { set: options.set }),
  });
  const [pod] = await controllerPods(cluster, 1);
  if (pod === undefined) throw new Error('the chart has no controller pod');
  log('starting the operator');
  const operator = await startOperator(cluster, {
    dir: join(options.dir, 'operator'),
    pod,
    admissionPort,
    detached: options.detached === true,
    ...(options.program === undefined ? {} : { program: options.program }),
    env: { COUNTERSIGN_HOLD_MODE: options.set?.['holdMode'] ?? 'MutatingAdmissionPolicy', ...options.env },
  });
  await operator.ready();
  log('the operator is ready');
  return { operator, admissionPort };
}

/** The cluster of a platform that another process started. */
export async function attachPlatform(dir: string): Promise<Cluster> {
  const cluster = await attachCluster(join(dir, 'cluster'));
  if (cluster === undefined) throw new Error(`no cluster is running in ${dir}`);
  return cluster;
}
