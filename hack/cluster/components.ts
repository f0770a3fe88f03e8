import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Binaries } from './binaries.ts';
import type { ComponentName } from './contract.ts';
import { portOffsets } from './ports.ts';
import type { ComponentSpec } from './supervisor.ts';

export interface ControlPlane {
  dir: string;
  basePort: number;
  binaries: Binaries;
  nodeName: string;
  fsync: boolean;
  auditLog: boolean;
  apiServerFlags: readonly string[];
}

/** Files of a cluster's folder, by what they are. */
export function files(dir: string) {
  const pki = join(dir, 'pki');
  return {
    pki,
    etcdPki: join(pki, 'etcd'),
    auditLog: join(dir, 'audit.log'),
    admin: join(dir, 'kubeconfigs', 'admin'),
    kubeconfig: (component: string) => join(dir, 'kubeconfigs', component),
    state: join(dir, 'cluster.json'),
  };
}

export function url(basePort: number, name: keyof typeof portOffsets): string {
  return `https://127.0.0.1:${basePort + portOffsets[name]}`;
}

export function componentSpecs(plane: ControlPlane): Record<ComponentName, ComponentSpec> {
  const { binaries } = plane;
  return {
    etcd: { command: binaries.etcd, args: etcd(plane) },
    'kube-apiserver': { command: binaries['kube-apiserver'], args: apiServer(plane) },
    'kube-controller-manager': { command: binaries['kube-controller-manager'], args: controllerManager(plane) },
    'kube-scheduler': { command: binaries['kube-scheduler'], args: scheduler(plane) },
    kwok: { command: binaries.kwok, args: kwok(plane) },
  };
}

function etcd({ dir, basePort, fsync }: ControlPlane): string[] {
  const { etcdPki } = files(dir);
  const client = url(basePort, 'etcdClient');
  const peer = url(basePort, 'etcdPeer');
  const secured = (prefix: string): string[] => [
    `--${prefix}cert-file=${join(etcdPki, 'server.crt')}`,
    `--${prefix}key-file=${join(etcdPki, 'server.key')}`,
    `--${prefix}trusted-ca-file=${join(etcdPki, 'ca.crt')}`,
    `--${prefix}client-cert-auth`,
  ];
  return [
    '--name=default',
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    ...secured(''),
    ...secured('peer-'),
    // The only member need not wait a second before it elects itself.
    '--heartbeat-interval=20',
    '--election-timeout=100',
    `--quota-backend-bytes=${8 * 1024 ** 3}`,
    '--log-level=warn',
    ...(fsync ? [] : ['--unsafe-no-fsync']),
  ];
}

function apiServer({ dir, basePort, auditLog, apiServerFlags }: ControlPlane): string[] {
  const { pki, etcdPki, auditLog: auditFile } = files(dir);
  const audit = [
    `--audit-policy-file=${join(import.meta.dirname, 'audit-policy.yaml')}`,
    `--audit-log-path=${auditFile}`,
    // Written before the client has its answer, and never rotated: a test reads it straight after the request.
    '--audit-log-mode=blocking',
    '--audit-log-maxsize=10000',
  ];
  return [
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    // The address is a loopback one, which no Endpoints object may hold.
    '--endpoint-reconciler-type=none',
    `--secure-port=${basePort + portOffsets.apiServer}`,
    `--tls-cert-file=${join(pki, 'serving.crt')}`,
    `--tls-private-key-file=${join(pki, 'serving.key')}`,
    `--client-ca-file=${join(pki, 'ca.crt')}`,
    `--etcd-servers=${url(basePort, 'etcdClient')}`,
    `--etcd-cafile=${join(etcdPki, 'ca.crt')}`,
    `--etcd-certfile=${join(etcdPki, 'client.crt')}`,
    `--etcd-keyfile=${join(etcdPki, 'client.key')}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${join(pki, 'service-account.pub')}`,
    `--service-account-signing-key-file=${join(pki, 'service-account.key')}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged',
    // Benchmarks should meet the server's limits, not its queues.
    '--max-requests-inflight=3000',
    '--max-mutating-requests-inflight=1500',
    '--profiling=false',
    ...(auditLog ? audit : []),
    ...apiServerFlags,
  ];
}

function controllerManager({ dir, basePort }: ControlPlane): string[] {
  const { pki, kubeconfig } = files(dir);
  const own = kubeconfig('kube-controller-manager');
  return [
    `--kubeconfig=${own}`,
    `--authentication-kubeconfig=${own}`,
    `--authorization-kubeconfig=${own}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${basePort + portOffsets.controllerManager}`,
    `--tls-cert-file=${join(pki, 'serving.crt')}`,
    `--tls-private-key-file=${join(pki, 'serving.key')}`,
    // The guards know the controllers by these identities, as on a real cluster.
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${join(pki, 'service-account.key')}`,
    `--root-ca-file=${join(pki, 'ca.crt')}`,
    `--cluster-signing-cert-file=${join(pki, 'ca.crt')}`,
    `--cluster-signing-key-file=${join(pki, 'ca.key')}`,
    '--leader-elect=false',
    '--kube-api-qps=2000',
    '--kube-api-burst=4000',
    '--concurrent-job-syncs=20',
    '--concurrent-cron-job-syncs=20',
    // A laptop that slept, or a kwok that a test killed, should not have its pods evicted.
    '--node-monitor-grace-period=5m',
    '--profiling=false',
  ];
}

function scheduler({ dir, basePort }: ControlPlane): string[] {
  const { pki, kubeconfig } = files(dir);
  const own = kubeconfig('kube-scheduler');
  const config = join(dir, 'kube-scheduler.yaml');
  const content = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig: own, qps: 2000, burst: 4000 },
    leaderElection: { leaderElect: false },
  };
  writeFileSync(config, stringify(content));
  return [
    `--config=${config}`,
    `--authentication-kubeconfig=${own}`,
    `--authorization-kubeconfig=${own}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${basePort + portOffsets.scheduler}`,
    `--tls-cert-file=${join(pki, 'serving.crt')}`,
    `--tls-private-key-file=${join(pki, 'serving.key')}`,
  ];
}

/** One fake kubelet for one node, with that node's own credential: what a real kubelet may not do, it may not do either. */
function kwok({ dir, nodeName }: ControlPlane): string[] {
  return [
    `--kubeconfig=${files(dir).kubeconfig('kwok')}`,
    `--config=${join(import.meta.dirname, 'kwok', 'stages.yaml')}`,
    `--manage-single-node=${nodeName}`,
    '--cidr=10.128.0.0/9',
    // No node lease: a killed kwok would have to wait for its own to run out. Heartbeats are a stage.
    '--node-lease-duration-seconds=0',
  ];
}
