import type { Ref } from '../core/ports.ts';
import type { KubeClient } from './client/kubeClient.ts';

export interface CertificateOptions {
  readonly client: KubeClient;
  readonly secretRef: Ref;
  readonly dnsNames: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Milliseconds since the epoch, by the API server's clock. */
  readonly now: number;
}

export interface Certificates {
  /** PEM of every CA to trust; during a rotation the old one and the new one. */
  readonly caBundle: string;
  readonly cert: string;
  readonly key: string;
  /** When to ask again, milliseconds since the epoch. */
  readonly renewAt: number;
}

/** Makes, reads or rotates the serving certificate kept in a Secret. Several replicas agree on one. */
export function ensureCertificates(_options: CertificateOptions): Promise<Certificates> {
  throw new Error('not built yet');
}
