import { webcrypto } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
// Must come before the certificate library, whose dependency injector refuses to load without it.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const day = 24 * 60 * 60 * 1000;

export interface Issued {
  certificate: string;
  key: string;
}

export interface Subject {
  name: string;
  groups?: readonly string[];
  /** Names and addresses that a server answers to; a certificate without any is for clients only. */
  hosts?: readonly string[];
}

/** A certificate authority kept as two PEM files, because certificates are asked for by later processes too. */
export class CertificateAuthority {
  readonly certificateFile: string;
  readonly keyFile: string;

  private constructor(folder: string) {
    this.certificateFile = join(folder, 'ca.crt');
    this.keyFile = join(folder, 'ca.key');
  }

  static at(folder: string): CertificateAuthority {
    return new CertificateAuthority(folder);
  }

  static async create(folder: string, name: string): Promise<CertificateAuthority> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const authority = new CertificateAuthority(folder);
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: [{ CN: [name] }],
      ...validity(),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    writeFileSync(authority.certificateFile, certificate.toString('pem') + '\n');
    writeFileSync(authority.keyFile, await privatePem(keys.privateKey), { mode: 0o600 });
    return authority;
  }

  async issue(subject: Subject): Promise<Issued> {
    const issuer = new x509.X509Certificate(readFileSync(this.certificateFile, 'utf8'));
    const [signingKey, keys] = await Promise.all([readPrivateKey(this.keyFile), generateKeys()]);
    const hosts = subject.hosts ?? [];
    const usages =
      hosts.length > 0 ? [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth] : [x509.ExtendedKeyUsage.clientAuth];
    const names = hosts.map((value) => ({ type: isAddress(value) ? ('ip' as const) : ('dns' as const), value }));
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: [...(subject.groups ?? []).map((group) => ({ O: [group] })), { CN: [subject.name] }],
      issuer: issuer.subjectName,
      ...validity(),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(usages),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      ],
    });
    return { certificate: certificate.toString('pem') + '\n', key: await privatePem(keys.privateKey) };
  }
}

/** Issues a certificate into NAME.crt and NAME.key of a folder. */
export async function issueFiles(authority: CertificateAuthority, folder: string, file: string, subject: Subject): Promise<void> {
  const { certificate, key } = await authority.issue(subject);
  writeFileSync(join(folder, `${file}.crt`), certificate);
  writeFileSync(join(folder, `${file}.key`), key, { mode: 0o600 });
}

/** The key pair that signs service account tokens. */
export async function createSigningKeys(folder: string): Promise<void> {
  const keys = await generateKeys();
  const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  writeFileSync(join(folder, 'service-account.key'), await privatePem(keys.privateKey), { mode: 0o600 });
  writeFileSync(join(folder, 'service-account.pub'), pem('PUBLIC KEY', spki));
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return pem('PRIVATE KEY', Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)));
}

async function readPrivateKey(file: string): Promise<webcrypto.CryptoKey> {
  const body = readFileSync(file, 'utf8').replace(/-----[A-Z ]+-----|\s/g, '');
  return webcrypto.subtle.importKey('pkcs8', Buffer.from(body, 'base64'), algorithm, true, ['sign']);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function validity(): { notBefore: Date; notAfter: Date } {
  // A minute back, because the clock of a virtual machine may be set while a cluster starts.
  return { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 365 * day) };
}

function serialNumber(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)));
  // The first bit stays clear: a serial number is a signed integer and must be positive.
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes.toString('hex');
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}
