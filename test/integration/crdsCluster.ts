import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { startCluster } from '../../hack/cluster/cluster.ts';
import { kubectlFlags } from '../../hack/cluster/kubeconfig.ts';
import type { ClusterConfig } from '../../operator/kube/client/clusterConfig.ts';

export interface OwnCluster {
  config: ClusterConfig;
  kubectl(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** A cluster with our definitions and nothing else of ours: no guard and no operator may answer in the place of a schema. */
export const ownCluster = async (): Promise<OwnCluster> => {
  const dir = mkdtempSync(join(tmpdir(), 'countersign-crds-'));
  const cluster = await startCluster({ dir, fsync: false, auditLog: false });
  const kubectl = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(cluster.kubectl, [...kubectlFlags(cluster.adminKubeconfig), ...args])).stdout;
  await kubectl('apply', '-f', join(import.meta.dirname, '..', '..', 'crds', 'generated'));
  await kubectl('wait', '--for=condition=Established', 'crd', '--all');
  return {
    config: adminConfig(cluster.adminKubeconfig),
    kubectl,
    stop: async () => {
      await cluster.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

const adminConfig = (file: string): ClusterConfig => {
  const kubeconfig = parse(readFileSync(file, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const { cluster } = kubeconfig.clusters[0]!;
  const { user } = kubeconfig.users[0]!;
  const text = (data: string | undefined): string => Buffer.from(data ?? '', 'base64').toString();
  const credential = { cert: text(user['client-certificate-data']), key: text(user['client-key-data']) };
  const ca =
    cluster['certificate-authority'] === undefined
      ? text(cluster['certificate-authority-data'])
      : readFileSync(cluster['certificate-authority'], 'utf8');
  return { server: cluster['server']!, ca, namespace: 'default', credentials: { current: () => credential, invalidate: () => undefined } };
};
