export const componentNames = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'] as const;
export type ComponentName = (typeof componentNames)[number];

export interface ClusterOptions {
  /** Where everything of this cluster lies; a cluster that was there before is replaced. */
  dir: string;
  name?: string;
  /** Off makes etcd faster and forgetful; on, as in production, is the default. */
  fsync?: boolean;
  apiServerFlags?: string[];
  auditLog?: boolean;
  /** Whether the cluster outlives this process; one that does not is ended even when this process is killed. */
  detached?: boolean;
  log?: (line: string) => void;
}

export interface Component {
  pid(): number | undefined;
  /** SIGKILL unless told otherwise; returns when the process is gone, or at once for signals that do not end it. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, with the same arguments and data; does nothing while it runs. Does not wait until it is ready. */
  start(): Promise<void>;
}

export interface Cluster {
  name: string;
  dir: string;
  url: string;
  caFile: string;
  adminKubeconfig: string;
  auditLogFile: string;
  nodeName: string;
  /** Paths of the two client programs. */
  kubectl: string;
  helm: string;
  /** A kubeconfig file with a certificate signed by the cluster's CA. */
  userKubeconfig(username: string, groups?: string[]): Promise<string>;
  /** The same for a node's identity, system:node:NAME in system:nodes. */
  nodeKubeconfig(nodeName: string): Promise<string>;
  component(name: ComponentName): Component;
  /** Waits until the API server and the controllers answer again, after some were killed and started. */
  ready(patienceMs?: number): Promise<void>;
  stop(): Promise<void>;
}
