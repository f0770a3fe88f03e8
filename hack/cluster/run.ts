import { join } from 'node:path';

/** Where the cluster of `make up` lies. */
export const runFolder = join(import.meta.dirname, '..', '..', '.run');
export const clusterFolder = join(runFolder, 'cluster');
export const kubeconfigFile = join(runFolder, 'kubeconfig');
