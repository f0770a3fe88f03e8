import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterConfig, Credential, CredentialSource } from './clusterConfig.ts';
import { ChangingFile, readText } from './fileReader.ts';

const defaultFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether this process runs in a pod with a service account. */
export function isInCluster(env: Environment, folder: string = defaultFolder): boolean {
  return isSet(env['KUBERNETES_SERVICE_HOST']) && isSet(env['KUBERNETES_SERVICE_PORT']) && existsSync(join(folder, 'token'));
}

/** The pod's own cluster and service account. The token is read again when the kubelet has rotated it. */
export function inClusterConfig(env: Environment, namespace: string | undefined, folder: string = defaultFolder): ClusterConfig {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`;
  const own = existsSync(join(folder, 'namespace')) ? readText(join(folder, 'namespace'), 'service account namespace').trim() : '';
  return {
    server,
    ca: readText(join(folder, 'ca.crt'), 'service account CA'),
    credentials: new TokenFile(join(folder, 'token'), 'service account token'),
    namespace: namespace ?? (own === '' ? 'default' : own),
  };
}

/** A bearer token from a file that is rewritten now and then. */
export class TokenFile implements CredentialSource {
  readonly #file: ChangingFile;
  #known: { text: string; credential: Credential } | undefined;

  constructor(path: string, field: string) {
    this.#file = new ChangingFile(path, field);
  }

  current(): Credential {
    const text = this.#file.text();
    if (this.#known?.text !== text) this.#known = { text, credential: { authorization: `Bearer ${text.trim()}` } };
    return this.#known.credential;
  }

  invalidate(): void {
    this.#file.invalidate();
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
