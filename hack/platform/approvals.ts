import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { freePort } from '../cluster/ports.ts';
import { approvalsPods, kubectl, systemNamespace } from './chart.ts';
import { startOperator, type OperatorProcess } from './operator.ts';

export interface ApprovalsOptions {
  /** For its kubeconfig, token, log and database; one per process. */
  readonly dir: string;
  /** Where it listens; any free port when left out. */
  readonly port?: number;
  /** What to run instead of the sources, such as the bundle that ships. */
  readonly program?: string;
  /** Makes of its kubeconfig another that leads elsewhere, such as through a proxy; answers with the path. */
  readonly reroute?: (kubeconfig: string) => string;
  readonly env?: Readonly<Record<string, string>>;
  readonly detached?: boolean;
}

/** An approval service on this host that acts as the chart's ServiceAccount, with a token bound to one of its pods, and nothing more. */
export interface ApprovalsProcess extends OperatorProcess {
  readonly url: string;
  readonly port: number;
}

/** Starts the service on a cluster that has the chart; several on one database where `env` names it. */
export async function startApprovals(cluster: Cluster, options: ApprovalsOptions): Promise<ApprovalsProcess> {
  const { port = await freePort(), env, ...others } = options;
  const [pod] = await approvalsPods(cluster, 1);
  if (pod === undefined) throw new Error('the chart has no pod of the approval service');
  mkdirSync(options.dir, { recursive: true });
  const url = `https://127.0.0.1:${port}`;
  const process = await startOperator(cluster, {
    ...others,
    pod,
    roles: 'approvals',
    serviceAccount: 'countersign-approvals',
    env: {
      COUNTERSIGN_APPROVALS_PORT: String(port),
      COUNTERSIGN_APPROVALS_URL: url,
      COUNTERSIGN_APPROVALS_STORE: `sqlite:${join(options.dir, 'approvals.db')}`,
      ...env,
    },
  });
  return { ...process, url, port };
}

/** The authority that its certificate is of, PEM. */
export async function approvalsAuthority(cluster: Cluster): Promise<string> {
  const path = "jsonpath={.data['ca\\.crt']}";
  const encoded = await kubectl(cluster, ['get', 'secret', 'countersign-approvals-certificates', '-n', systemNamespace, '-o', path]);
  return Buffer.from(encoded, 'base64').toString('utf8');
}
