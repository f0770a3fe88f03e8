import type { ApiClient } from './api.ts';

/** What a kubelet does first. The node says of itself what it can carry; that it is ready, kwok says. */
export async function registerNode(client: ApiClient, name: string): Promise<void> {
  const capacity = { cpu: '10k', memory: '100Ti', 'ephemeral-storage': '100Ti', pods: '1M' };
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' } },
    status: {
      capacity,
      allocatable: capacity,
      addresses: [{ type: 'Hostname', address: name }],
      nodeInfo: {
        architecture: 'amd64',
        bootID: '',
        containerRuntimeVersion: 'kwok',
        kernelVersion: 'kwok',
        kubeProxyVersion: '',
        kubeletVersion: 'kwok',
        machineID: '',
        operatingSystem: 'linux',
        osImage: '',
        systemUUID: '',
      },
    },
  };
  (await client.post('/api/v1/nodes', node)).object();
}

/** kwok lists all nodes to see whether the API server works. It is the only thing it may do that a kubelet may not. */
export async function letKwokListNodes(admin: ApiClient, user: string): Promise<void> {
  const rbac = 'rbac.authorization.k8s.io';
  const metadata = { name: 'kwok-lists-nodes' };
  const rules = [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }];
  const roleRef = { apiGroup: rbac, kind: 'ClusterRole', name: metadata.name };
  const subjects = [{ apiGroup: rbac, kind: 'User', name: user }];
  (await admin.post(`/apis/${rbac}/v1/clusterroles`, { metadata, rules })).object();
  (await admin.post(`/apis/${rbac}/v1/clusterrolebindings`, { metadata, roleRef, subjects })).object();
}
