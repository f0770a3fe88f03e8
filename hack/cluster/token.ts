import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient } from './api.ts';
import { files } from './components.ts';
import type { Cluster } from './contract.ts';
import { tokenKubeconfig, writeSecret } from './kubeconfig.ts';
import { CertificateAuthority } from './pki.ts';

export interface TokenOptions {
  namespace: string;
  serviceAccount: string;
  /** A pod that runs as this service account on the cluster's node: the token says that it is this pod's. */
  podName: string;
  expirationSeconds?: number;
}

interface Pod {
  metadata: { uid: string };
}

interface TokenRequest {
  status: { token: string };
}

/**
 * A token as a kubelet gets it for a pod: asked for with the node's own credential and bound to the pod, so that the API server sees
 * which pod speaks, and stops believing it when the pod is gone. For a process on the host that stands for that pod.
 */
export async function operatorToken(cluster: Cluster, options: TokenOptions): Promise<string> {
  const { namespace, serviceAccount, podName, expirationSeconds = 3600 } = options;
  const authority = CertificateAuthority.at(files(cluster.dir).pki);
  const issued = await authority.issue({ name: `system:node:${cluster.nodeName}`, groups: ['system:nodes'] });
  const node = new ApiClient(cluster.url, { ca: readFileSync(cluster.caFile, 'utf8'), cert: issued.certificate, key: issued.key });
  try {
    const pod = (await node.get(`/api/v1/namespaces/${namespace}/pods/${podName}`)).object() as Pod;
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: podName, uid: pod.metadata.uid } },
    };
    const answer = await node.post(`/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`, request);
    return (answer.object() as TokenRequest).status.token;
  } finally {
    node.close();
  }
}

export interface ServiceAccountKubeconfig {
  kubeconfig: string;
  tokenFile: string;
  /** Replaces the token, as a kubelet does for a pod before it runs out. */
  renew(): Promise<void>;
}

/** Writes NAMESPACE-SERVICEACCOUNT.kubeconfig and .token into a folder; the kubeconfig names the token's file. */
export async function writeServiceAccountKubeconfig(
  cluster: Cluster,
  folder: string,
  options: TokenOptions,
): Promise<ServiceAccountKubeconfig> {
  const base = join(folder, `${options.namespace}-${options.serviceAccount}`);
  const tokenFile = `${base}.token`;
  const renew = async (): Promise<void> => {
    writeSecret(tokenFile, await operatorToken(cluster, options));
  };
  await renew();
  const kubeconfig = writeSecret(`${base}.kubeconfig`, tokenKubeconfig(cluster, options.serviceAccount, tokenFile));
  return { kubeconfig, tokenFile, renew };
}
