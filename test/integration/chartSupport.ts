import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { parseAllDocuments } from 'yaml';
import { provideBinaries } from '../../hack/cluster/binaries.ts';
import { type Cluster, operatorToken, startCluster } from '../../hack/cluster/cluster.ts';

/** Any object of the API, as tests read it. */
export type Manifest = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

export const root = join(import.meta.dirname, '../..');
export const chart = join(root, 'charts/countersign');
export const namespace = 'countersign-system';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. Never throws: what it answered is for the test to judge. */
export const run = (program: string, args: readonly string[], options: { stdin?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { maxBuffer: 1 << 26, env: { ...process.env, ...options.env }, cwd: root },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr }),
    );
    // A program that ends without reading is no error of ours.
    child.stdin?.on('error', () => undefined).end(options.stdin ?? '');
  });

/** What it wrote, when it succeeded; otherwise the test fails with what it complained about. */
export const succeeded = async (running: Promise<Ran>): Promise<string> => {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`exit code ${code}\n${stdout}\n${stderr}`);
  return stdout;
};

export const manifests = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);

/** Runs helm, without a cluster. */
export const helm = async (...args: string[]): Promise<Ran> => run((await provideBinaries(() => undefined)).helm, args);

/** What the chart makes of these values. */
export const template = async (...args: string[]): Promise<Manifest[]> =>
  manifests(await succeeded(helm('template', 'countersign', chart, '-n', namespace, '--kube-version', '1.36.0', ...args)));

/** The one object of that kind and name. @throws when there is none, or several. */
export function one(objects: readonly Manifest[], kind: string, name: string): Manifest {
  const [found, ...more] = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined || more.length > 0)
    throw new Error(`expected one ${kind} ${name}, found ${found === undefined ? 0 : more.length + 1}`);
  return found;
}

/** A cluster of the test's own, since the chart's objects are cluster-wide, with the chart not yet installed. */
export class ChartCluster {
  readonly cluster: Cluster;
  readonly #dir: string;

  private constructor(cluster: Cluster, dir: string) {
    this.cluster = cluster;
    this.#dir = dir;
  }

  static async start({ auditLog = false } = {}): Promise<ChartCluster> {
    const dir = mkdtempSync(join(tmpdir(), 'countersign-chart-'));
    return new ChartCluster(await startCluster({ dir, fsync: false, auditLog }), dir);
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Helm as the cluster's admin, with its caches in the test's own folder. */
  helm(...args: string[]): Promise<Ran> {
    return run(this.cluster.helm, args, {
      env: { ...this.env, HELM_CACHE_HOME: join(this.#dir, 'helm'), HELM_CONFIG_HOME: join(this.#dir, 'helm') },
    });
  }

  get env(): NodeJS.ProcessEnv {
    return { KUBECONFIG: this.cluster.adminKubeconfig };
  }

  kubectl(...args: string[]): Promise<Ran> {
    return run(this.cluster.kubectl, args, { env: this.env });
  }

  apply(text: string, ...args: string[]): Promise<Ran> {
    return run(this.cluster.kubectl, ['apply', '-f', '-', ...args], { env: this.env, stdin: text });
  }

  async get(...args: string[]): Promise<Manifest> {
    return JSON.parse(await succeeded(this.kubectl('get', ...args, '-o', 'json'))) as Manifest;
  }

  install(...args: string[]): Promise<Ran> {
    return this.helm('install', 'countersign', chart, '--namespace', namespace, '--create-namespace', '--timeout', '60s', ...args);
  }

  /** Is the answer yes, for somebody with these roles in the namespace? */
  async can(user: string, verb: string, resource: string, ...args: string[]): Promise<boolean> {
    return (await this.kubectl('auth', 'can-i', verb, resource, '--as', user, ...args)).stdout.trim() === 'yes';
  }

  /** Writes a Job's status as a pod of the operator, which is the only way that the guards let anybody act as the operator. */
  async jobStatusAsOperator(): Promise<(job: string, patch: object) => Promise<void>> {
    await succeeded(this.kubectl('-n', namespace, 'rollout', 'status', 'deployment/countersign', '--timeout', '60s'));
    const pods = await this.get('pods', '-n', namespace, '-l', 'app.kubernetes.io/component=controller');
    const podName = (pods.items as Manifest[])[0]!.metadata.name as string;
    const token = await operatorToken(this.cluster, { namespace, serviceAccount: 'countersign', podName });
    const dispatcher = new Agent({ connect: { ca: readFileSync(this.cluster.caFile) } });
    return async (job, patch) => {
      const { statusCode, body } = await request(`${this.cluster.url}/apis/batch/v1/namespaces/${namespace}/jobs/${job}/status`, {
        dispatcher,
        method: 'PATCH',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify(patch),
      });
      if (statusCode !== 200) throw new Error(await body.text());
      await body.dump();
    };
  }
}

/** Asks again until it is so. The deadline is generous: it ends a hang, it times nothing. */
export const eventually = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`still not so after a minute: ${what}`);
};
