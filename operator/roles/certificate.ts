import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Settings } from '../config.ts';
import { CountersignError } from '../core/errors.ts';
import { ensureCertificates, readCertificates } from '../kube/certificates.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { Logger } from '../telemetry/logger.ts';

/** What admission serves with, and what the API server must trust. PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly caBundle: string;
}

type Listener = (certificate: Certificate) => Promise<void> | void;

/** The chart's Service in front of admission. */
export const admissionService = 'countersign-admission';

const lookEveryMs = 60_000;
const tryAgainMs = 1_000;

/** The certificate of admission, kept current: made and rotated by the operator in a Secret, or brought by somebody else as files. */
export class CertificateKeeper {
  readonly #settings: Settings;
  readonly #client: KubeClient;
  readonly #log: Logger;
  readonly #changed: Listener[] = [];
  readonly #looked: Listener[] = [];
  #current: Certificate | undefined;
  #told: Certificate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor({ settings, client, log }: { settings: Settings; client: KubeClient; log: Logger }) {
    this.#settings = settings;
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
    const found = this.#settings.cert_dir === undefined ? await this.#fromSecret() : fromFiles(this.#settings.cert_dir);
    this.#current = found;
    for (const listener of this.#looked) await listener(found);
    if (this.#told?.cert === found.cert && this.#told.caBundle === found.caBundle) return;
    for (const listener of this.#changed) await listener(found);
    this.#told = found;
  }

  /** Where the controller runs it makes and rotates the certificate; admission on its own only reads it. */
  async #fromSecret(): Promise<Certificate> {
    const { namespace, cert_secret: name, admission_url: url, roles } = this.#settings;
    if (!roles.includes('controller')) {
      const found = await readCertificates({ client: this.#client, secretRef: { namespace, name } });
      if (found !== undefined) return found;
      throw new CountersignError('NoCertificate', `The Secret ${namespace}/${name} holds no certificate yet; the controller makes it.`);
    }
    const host = url === undefined ? undefined : new URL(url).hostname.replace(/^\[|\]$/g, '');
    const isAddress = host !== undefined && isIP(host) !== 0;
    return ensureCertificates({
      client: this.#client,
      secretRef: { namespace, name },
      dnsNames: [
        `${admissionService}.${namespace}.svc`,
        `${admissionService}.${namespace}.svc.cluster.local`,
        ...(host === undefined || isAddress ? [] : [host]),
      ],
      ipAddresses: isAddress ? [host] : [],
      now: this.#client.now(),
    });
  }
}

/** As cert-manager writes them into a volume. */
const fromFiles = (dir: string): Certificate => ({
  cert: readFileSync(join(dir, 'tls.crt'), 'utf8'),
  key: readFileSync(join(dir, 'tls.key'), 'utf8'),
  caBundle: readFileSync(join(dir, 'ca.crt'), 'utf8'),
});
