import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Settings } from '../config.ts';
import { CountersignError } from '../core/errors.ts';
import { ensureCertificates, readCertificates } from '../kube/certificates.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { Logger } from '../telemetry/logger.ts';

/** What a role serves with, and what its callers must trust. PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly caBundle: string;
}

type Listener = (certificate: Certificate) => Promise<void> | void;

/** The chart's Services in front of admission and of the approval service. */
export const admissionService = 'countersign-admission';
const approvalsService = 'countersign-approvals';

/** Where a certificate comes from. */
export interface CertificateSource {
  readonly namespace: string;
  /** The Secret that keeps it. */
  readonly secret: string;
  /** A folder that somebody else keeps current, in place of the Secret. */
  readonly dir?: string | undefined;
  /** What it is for; absent where another process makes it and this one only reads it. */
  readonly names?: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] };
}

/** Where the controller runs it makes and rotates the certificate of admission; admission on its own only reads it. */
export const admissionCertificate = (settings: Settings): CertificateSource => ({
  namespace: settings.namespace,
  secret: settings.cert_secret,
  dir: settings.cert_dir,
  ...(settings.roles.includes('controller') ? { names: namesOf(admissionService, settings.namespace, settings.admission_url) } : {}),
});

/** The approval service makes and rotates its own. */
export const approvalsCertificate = (settings: Settings): CertificateSource => ({
  namespace: settings.namespace,
  secret: settings.approvals_cert_secret,
  dir: settings.approvals_cert_dir,
  names: namesOf(approvalsService, settings.namespace, settings.approvals_url),
});

function namesOf(service: string, namespace: string, url: string | undefined): NonNullable<CertificateSource['names']> {
  const host = url === undefined ? undefined : new URL(url).hostname.replace(/^\[|\]$/g, '');
  const isAddress = host !== undefined && isIP(host) !== 0;
  const inside = [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`];
  return { dnsNames: [...inside, ...(host === undefined || isAddress ? [] : [host])], ipAddresses: isAddress ? [host] : [] };
}

const lookEveryMs = 60_000;
const tryAgainMs = 1_000;

/** The certificate of a role, kept current: made and rotated by the operator in a Secret, or brought by somebody else as files. */
export class CertificateKeeper {
  readonly #source: CertificateSource;
  readonly #client: KubeClient;
  readonly #log: Logger;
  readonly #changed: Listener[] = [];
  readonly #looked: Listener[] = [];
  #current: Certificate | undefined;
  #told: Certificate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor({ source, client, log }: { source: CertificateSource; client: KubeClient; log: Logger }) {
    this.#source = source;
    this.#client = client;
    this.#log = log;
  }

  get current(): Certificate | undefined {
    return this.#current;
  }

  /** Calls back with each new certificate, and before long again if that fails. */
  onChange(listener: Listener): void {
    this.#changed.push(listener);
  }

  /** Calls back every minute, changed or not: for what others may have undone. */
  onLook(listener: Listener): void {
    this.#looked.push(listener);
  }

  /** Looks now, and goes on looking. */
  async start(): Promise<void> {
    let next = lookEveryMs;
    try {
      await this.#look();
    } catch (error) {
      this.#log.warn({ err: error }, 'no certificate yet, or it could not be taken into use');
      next = tryAgainMs;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => void this.start(), next);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const found = this.#source.dir === undefined ? await this.#fromSecret() : fromFiles(this.#source.dir);
    this.#current = found;
    for (const listener of this.#looked) await listener(found);
    if (this.#told?.cert === found.cert && this.#told.caBundle === found.caBundle) return;
    for (const listener of this.#changed) await listener(found);
    this.#told = found;
  }

  async #fromSecret(): Promise<Certificate> {
    const { namespace, secret: name, names } = this.#source;
    const secretRef = { namespace, name };
    if (names !== undefined) return ensureCertificates({ client: this.#client, secretRef, ...names, now: this.#client.now() });
    const found = await readCertificates({ client: this.#client, secretRef });
    if (found !== undefined) return found;
    throw new CountersignError('NoCertificate', `The Secret ${namespace}/${name} holds no certificate yet; the controller makes it.`);
  }
}

/** As cert-manager writes them into a volume. */
const fromFiles = (dir: string): Certificate => ({
  cert: readFileSync(join(dir, 'tls.crt'), 'utf8'),
  key: readFileSync(join(dir, 'tls.key'), 'utf8'),
  caBundle: readFileSync(join(dir, 'ca.crt'), 'utf8'),
});
