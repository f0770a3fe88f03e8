import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ApiClient } from './api.ts';
import { provideBinaries } from './binaries.ts';
import type { Binaries } from './binaries.ts';
import { componentSpecs, files, url } from './components.ts';
import type { Cluster, ClusterOptions } from './contract.ts';
import { certificateKubeconfig, writeSecret } from './kubeconfig.ts';
import { letKwokListNodes, registerNode } from './node.ts';
import { CertificateAuthority, createSigningKeys, issueFiles } from './pki.ts';
import type { Subject } from './pki.ts';
import { waitForApiServer, waitForCluster } from './readiness.ts';
import { endOrphans, Supervision } from './supervision.ts';
import type { Greeting } from './supervisor.ts';

export type { Cluster, ClusterOptions } from './contract.ts';
export { operatorToken, writeServiceAccountKubeconfig } from './token.ts';

interface State {
  name: string;
  nodeName: string;
  greeting: Greeting;
  kubectl: string;
  helm: string;
}

const nodeName = 'kwok-0';

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const log = options.log ?? (() => undefined);
  const dir = resolve(options.dir);
  if ((await attachCluster(dir)) !== undefined) throw new Error(`a cluster is already running in ${dir}`);
  const binaries = await provideBinaries(log);
  removeCluster(dir);
  const supervision = await Supervision.launch(dir);
  try {
    const name = options.name ?? 'countersign';
    const state = { name, nodeName, greeting: supervision.greeting, kubectl: binaries.kubectl, helm: binaries.helm };
    await bringUp(dir, state, binaries, supervision, options);
    writeSecret(files(dir).state, JSON.stringify(state));
    if (options.detached) await supervision.detach();
    return describe(dir, state, supervision);
  } catch (error) {
    await supervision.stop();
    throw error;
  }
}

/** The cluster that an earlier process left running in this folder; when only remains of it are left, they are ended. */
export async function attachCluster(dir: string): Promise<Cluster | undefined> {
  const folder = resolve(dir);
  const { state: stateFile } = files(folder);
  if (!existsSync(stateFile)) return undefined;
  const state = JSON.parse(readFileSync(stateFile, 'utf8')) as State;
  const supervision = new Supervision(folder, state.greeting);
  if (await supervision.answers()) return describe(folder, state, supervision);
  endOrphans(folder);
  return undefined;
}

/** Ends and removes what a dead cluster left in its folder, and touches nothing else that may lie there. */
export function removeCluster(dir: string): void {
  endOrphans(dir);
  for (const entry of ['etcd', 'pki', 'kubeconfigs', 'logs', 'pids', 'audit.log', 'cluster.json', 'kube-scheduler.yaml']) {
    rmSync(join(dir, entry), { recursive: true, force: true });
  }
}

async function bringUp(dir: string, state: State, binaries: Binaries, supervision: Supervision, options: ClusterOptions): Promise<void> {
  const basePort = state.greeting.port;
  const { fsync = true, auditLog = true, apiServerFlags = [] } = options;
  const identity = await createIdentity(dir, basePort, state);
  const specs = componentSpecs({ dir, basePort, binaries, nodeName, fsync, auditLog, apiServerFlags });
  const admin = new ApiClient(url(basePort, 'apiServer'), identity.admin);
  const node = new ApiClient(url(basePort, 'apiServer'), identity.node);
  try {
    await Promise.all((['etcd', 'kube-apiserver'] as const).map((name) => supervision.start(name, specs[name])));
    const plane = { client: admin, supervision, nodeName };
    await waitForApiServer(plane);
    await Promise.all([
      registerNode(node, nodeName),
      letKwokListNodes(admin, nodeSubject(nodeName).name),
      ...(['kube-controller-manager', 'kube-scheduler', 'kwok'] as const).map((name) => supervision.start(name, specs[name])),
    ]);
    await waitForCluster(plane);
  } finally {
    admin.close();
    node.close();
  }
}

type Credential = { ca: string; cert: string; key: string };

async function createIdentity(dir: string, basePort: number, state: State): Promise<{ admin: Credential; node: Credential }> {
  const { pki, etcdPki, kubeconfig } = files(dir);
  mkdirSync(join(dir, 'kubeconfigs'), { recursive: true, mode: 0o700 });
  const [authority, etcdAuthority] = await Promise.all([
    CertificateAuthority.create(pki, `${state.name} cluster`),
    // Of its own, because whoever holds a certificate of etcd's CA reads and writes everything, past the API server.
    CertificateAuthority.create(etcdPki, `${state.name} etcd`),
  ]);
  const server = { name: state.name, url: url(basePort, 'apiServer'), caFile: authority.certificateFile };
  const client = async (file: string, subject: Subject): Promise<Credential> => {
    const issued = await authority.issue(subject);
    writeSecret(kubeconfig(file), certificateKubeconfig(server, subject.name, issued));
    return { ca: readFileSync(authority.certificateFile, 'utf8'), cert: issued.certificate, key: issued.key };
  };
  const [admin, node] = await Promise.all([
    client('admin', { name: 'kubernetes-admin', groups: ['system:masters'] }),
    client('kwok', nodeSubject(nodeName)),
    client('kube-controller-manager', { name: 'system:kube-controller-manager' }),
    client('kube-scheduler', { name: 'system:kube-scheduler' }),
    issueFiles(authority, pki, 'serving', { name: 'control-plane', hosts: servingHosts }),
    issueFiles(etcdAuthority, etcdPki, 'server', { name: 'etcd', hosts: ['127.0.0.1', 'localhost'] }),
    issueFiles(etcdAuthority, etcdPki, 'client', { name: 'kube-apiserver' }),
    createSigningKeys(pki),
  ]);
  return { admin, node };
}

const servingHosts = [
  '127.0.0.1',
  'localhost',
  '10.96.0.1',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

function nodeSubject(name: string): Subject {
  return { name: `system:node:${name}`, groups: ['system:nodes'] };
}

function describe(dir: string, state: State, supervision: Supervision): Cluster {
  const { pki, admin, auditLog, kubeconfig } = files(dir);
  const basePort = state.greeting.port;
  const authority = CertificateAuthority.at(pki);
  const server = { name: state.name, url: url(basePort, 'apiServer'), caFile: authority.certificateFile };

  const writeKubeconfig = async (subject: Subject): Promise<string> => {
    const digest = createHash('sha256').update(JSON.stringify(subject)).digest('hex').slice(0, 8);
    const file = kubeconfig(`${subject.name.replace(/[^\w.-]+/g, '_').slice(0, 60)}-${digest}`);
    if (existsSync(file)) return file;
    return writeSecret(file, certificateKubeconfig(server, subject.name, await authority.issue(subject)));
  };

  return {
    name: state.name,
    dir,
    url: server.url,
    caFile: server.caFile,
    adminKubeconfig: admin,
    auditLogFile: auditLog,
    nodeName: state.nodeName,
    kubectl: state.kubectl,
    helm: state.helm,
    userKubeconfig: (name, groups = []) => writeKubeconfig({ name, groups }),
    nodeKubeconfig: (name) => writeKubeconfig(nodeSubject(name)),
    component: (name) => ({
      pid: () => supervision.pid(name),
      kill: (signal = 'SIGKILL') => supervision.kill(name, signal),
      start: () => supervision.start(name),
    }),
    ready: async (patienceMs) => {
      const issued = await authority.issue({ name: 'kubernetes-admin', groups: ['system:masters'] });
      const client = new ApiClient(server.url, { ca: readFileSync(server.caFile, 'utf8'), cert: issued.certificate, key: issued.key });
      try {
        const plane = { client, supervision, nodeName: state.nodeName, patienceMs };
        await waitForApiServer(plane);
        await waitForCluster(plane);
      } finally {
        client.close();
      }
    },
    stop: () => supervision.stop(),
  };
}
