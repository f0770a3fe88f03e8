import type { Ref } from '../core/ports.ts';
import { signAuthority, signLeaf } from './certificateAuthority.ts';
import { readMaterial, renewalOf } from './certificatePlan.ts';
import type { Material } from './certificatePlan.ts';
import { isAlreadyExists, isConflict, isNotFound } from './client/apiError.ts';
import type { KubeClient } from './client/kubeClient.ts';
import type { KubeObject, ResourceType } from './client/types.ts';

export interface CertificateOptions {
  readonly client: KubeClient;
  readonly secretRef: Ref;
  /** The first is also the subject's name. */
  readonly dnsNames: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Milliseconds since the epoch, by the API server's clock. */
  readonly now: number;
  /** Labels of the Secret when it is created here. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Certificates {
  /** PEM of every CA to trust; during a rotation the old one and the new one. */
  readonly caBundle: string;
  readonly cert: string;
  readonly key: string;
  /** When to ask again, milliseconds since the epoch. */
  readonly renewAt: number;
}

const secretType: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
/** Each failed attempt means that another replica has just written what we need. */
const mostAttempts = 5;

interface Secret extends KubeObject {
  data?: Record<string, string>;
}

/**
 * Makes, reads or rotates the serving certificate kept in a Secret (ca.crt, ca.key, tls.crt, tls.key). Replicas that start together agree on one,
 * as each write is conditional on what was read. Call it again at `renewAt`, and whenever the Secret changes.
 */
export async function ensureCertificates(options: CertificateOptions): Promise<Certificates> {
  for (let attempt = 1; ; attempt++) {
    const secret = await read(options);
    const material = secret === undefined ? undefined : readMaterial(decoded(secret));
    const wanted = { names: [...options.dnsNames, ...(options.ipAddresses ?? [])], now: options.now };
    const renewal = renewalOf(material, wanted);
    if (material !== undefined && renewal.kind === 'none') return certificatesOf(material, renewal.askAgainAt);
    const next = await renewed(material, renewal.kind === 'none' ? 'everything' : renewal.kind, options);
    try {
      await write(options, secret, next);
    } catch (error) {
      if ((isConflict(error) || isAlreadyExists(error)) && attempt < mostAttempts) continue;
      throw error;
    }
    const written = readMaterial(next);
    if (written === undefined) throw new Error('the certificates just made do not fit together');
    const after = renewalOf(written, wanted);
    return certificatesOf(written, after.kind === 'none' ? after.askAgainAt : options.now);
  }
}

/** Reads a certificate that something else (cert-manager) keeps in a Secret. Undefined while it is not there or not whole. */
export async function readCertificates(options: Pick<CertificateOptions, 'client' | 'secretRef'>): Promise<Certificates | undefined> {
  const secret = await read(options);
  const { 'ca.crt': caBundle = '', 'tls.crt': cert = '', 'tls.key': key = '' } = secret === undefined ? {} : decoded(secret);
  return cert === '' || key === '' ? undefined : { caBundle, cert, key, renewAt: Infinity };
}

async function read({ client, secretRef }: Pick<CertificateOptions, 'client' | 'secretRef'>): Promise<Secret | undefined> {
  try {
    return await client.get<Secret>(secretType, secretRef);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function decoded(secret: Secret): Record<string, string> {
  const entries = Object.entries(secret.data ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]));
}

async function renewed(
  material: Material | undefined,
  what: 'everything' | 'authority' | 'leaf',
  options: CertificateOptions,
): Promise<Record<string, string>> {
  const { now, dnsNames, ipAddresses = [] } = options;
  if (material === undefined || what === 'everything') {
    const authority = await signAuthority(now);
    const leaf = await signLeaf(authority, { dnsNames, ipAddresses, now });
    return { 'ca.crt': authority.cert, 'ca.key': authority.key, 'tls.crt': leaf.cert, 'tls.key': leaf.key };
  }
  const living = material.authorities.filter((authority) => authority.notAfter > now).map((authority) => authority.pem);
  if (what === 'authority') {
    // Trusted first, used later: the leaf stays until everybody has had time to learn of the new authority.
    const authority = await signAuthority(now);
    return { 'ca.crt': [...living, authority.cert].join(''), 'ca.key': authority.key, 'tls.crt': material.cert, 'tls.key': material.key };
  }
  const newest = material.authorities.at(-1);
  const leaf = await signLeaf({ cert: newest?.pem ?? '', key: material.caKey }, { dnsNames, ipAddresses, now });
  return { 'ca.crt': living.join(''), 'ca.key': material.caKey, 'tls.crt': leaf.cert, 'tls.key': leaf.key };
}

async function write(
  { client, secretRef, labels }: CertificateOptions,
  before: Secret | undefined,
  values: Record<string, string>,
): Promise<void> {
  const data = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Buffer.from(value).toString('base64')]));
  if (before !== undefined) {
    await client.replace(secretType, secretRef, { ...before, data: { ...before.data, ...data } });
    return;
  }
  const metadata = { name: secretRef.name, namespace: secretRef.namespace, labels };
  await client.create(secretType, secretRef.namespace, { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata, data });
}

function certificatesOf(material: Material, renewAt: number): Certificates {
  const caBundle = material.authorities.map((authority) => authority.pem).join('');
  return { caBundle, cert: material.cert, key: material.key, renewAt };
}
