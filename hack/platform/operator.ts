import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeServiceAccountKubeconfig, type Cluster } from '../cluster/cluster.ts';
import { freePort } from '../cluster/ports.ts';
import { systemNamespace } from './chart.ts';

const root = join(import.meta.dirname, '..', '..');

export interface OperatorOptions {
  /** For its kubeconfig, token and log; one per process. */
  readonly dir: string;
  /** The pod for which it stands. */
  readonly pod: string;
  /** Absent for a process without the role admission. */
  readonly admissionPort?: number;
  readonly roles?: string;
  /** As which of the chart's ServiceAccounts it acts; the operator's own when left out. */
  readonly serviceAccount?: string;
  /** What to run instead of the sources, such as the bundle that ships. */
  readonly program?: string;
  /** Makes of its kubeconfig another that leads elsewhere, such as through a proxy; answers with the path. */
  readonly reroute?: (kubeconfig: string) => string;
  readonly env?: Readonly<Record<string, string>>;
  /** Outlives this process. */
  readonly detached?: boolean;
}

/** An operator process on this host that acts as the chart's ServiceAccount, with a token bound to one of its pods, and nothing more. */
export interface OperatorProcess {
  readonly pid: number;
  readonly logFile: string;
  readonly healthUrl: string;
  /** Whether it has ended, and how. */
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  ended(): boolean;
  /** Waits for /ready. @throws with the end of its log when it ended or patience is over. */
  ready(patienceMs?: number): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGTERM, and waits. */
  stop(): Promise<void>;
}

export async function startOperator(cluster: Cluster, options: OperatorOptions): Promise<OperatorProcess> {
  mkdirSync(options.dir, { recursive: true });
  const { serviceAccount = 'countersign', admissionPort } = options;
  const identity = { namespace: systemNamespace, serviceAccount, podName: options.pod, expirationSeconds: 86_400 };
  const own = await writeServiceAccountKubeconfig(cluster, options.dir, identity);
  const kubeconfig = options.reroute?.(own.kubeconfig) ?? own.kubeconfig;
  const healthPort = await freePort();
  const logFile = join(options.dir, 'operator.log');
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [options.program ?? 'operator/main.ts'], {
    cwd: root,
    detached: options.detached === true,
    stdio: ['ignore', log, log],
    env: {
      PATH: process.env['PATH'],
      COUNTERSIGN_ROLES: options.roles ?? 'controller,admission',
      COUNTERSIGN_NAMESPACE: systemNamespace,
      COUNTERSIGN_POD_NAME: options.pod,
      COUNTERSIGN_KUBECONFIG: kubeconfig,
      COUNTERSIGN_HEALTH_PORT: String(healthPort),
      ...(admissionPort === undefined
        ? {}
        : { COUNTERSIGN_ADMISSION_PORT: String(admissionPort), COUNTERSIGN_ADMISSION_URL: `https://127.0.0.1:${admissionPort}` }),
      ...options.env,
    },
  });
  if (options.detached === true) child.unref();
  return operatorProcess(child, logFile, `http://127.0.0.1:${healthPort}`);
}

function operatorProcess(child: ChildProcess, logFile: string, healthUrl: string): OperatorProcess {
  const pid = child.pid;
  if (pid === undefined) throw new Error(`the operator did not start; see ${logFile}`);
  let over = false;
  const exit = once(child, 'exit').then(([code, signal]) => {
    over = true;
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (over) return;
    child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await exit;
  };
  return {
    pid,
    logFile,
    healthUrl,
    exit,
    ended: () => over,
    kill,
    stop: () => kill('SIGTERM'),
    ready: (patienceMs = 60_000) => waitReady(healthUrl, logFile, () => over, patienceMs),
  };
}

/** What `fetch` failed of is in the cause; its own message says only that it did. */
function whyNot(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error ? cause.message : String(error);
}

async function waitReady(healthUrl: string, logFile: string, ended: () => boolean, patienceMs: number): Promise<void> {
  const until = Date.now() + patienceMs;
  let last = '';
  while (Date.now() < until && !ended()) {
    try {
      const answer = await fetch(`${healthUrl}/ready`);
      if (answer.ok) return;
      last = await answer.text();
    } catch (error) {
      last = `no answer: ${whyNot(error)}`;
    }
    await sleep(100);
  }
  const tail = readFileSync(logFile, 'utf8').split('\n').slice(-15).join('\n');
  throw new Error(`the operator is not ready (${last}); its log ends with:\n${tail}`);
}
