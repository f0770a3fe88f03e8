// tsyringe, inside @peculiar/x509, needs it loaded first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  AuthorityKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its key, as PEM. */
export interface Signed {
  readonly cert: string;
  readonly key: string;
}

const day = 24 * 3600 * 1000;
/** How long an authority lives. */
export const authorityLifeMs = 730 * day;
/** How long a serving certificate lives. */
export const leafLifeMs = 90 * day;
/** Clocks differ: what is signed now must be valid where it is a little earlier. */
const backDateMs = 3600 * 1000;

const keys = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** Makes an authority that may sign serving certificates and nothing else. */
export async function signAuthority(now: number): Promise<Signed> {
  const pair = await webcrypto.subtle.generateKey(keys, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // A name of its own: during a rotation two authorities are trusted, and verifiers look issuers up by name.
    name: `CN=countersign-ca-${new Date(now).toISOString().slice(0, 19).replaceAll(':', '')}`,
    notBefore: new Date(now - backDateMs),
    notAfter: new Date(now + authorityLifeMs),
    signingAlgorithm: signing,
    keys: pair,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(pair.publicKey),
    ],
  });
  return { cert: pemOf(certificate), key: await keyPem(pair.privateKey) };
}

export interface LeafOptions {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly now: number;
}

/** Makes a serving certificate for these names. */
export async function signLeaf(authority: Signed, { dnsNames, ipAddresses, now }: LeafOptions): Promise<Signed> {
  const issuer = new X509Certificate(authority.cert);
  const der = PemConverter.decodeFirst(authority.key);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, keys, false, ['sign']);
  const pair = await webcrypto.subtle.generateKey(keys, true, ['sign', 'verify']);
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // A common name holds 64 characters, service names may be longer; verifiers read the alternative names only.
    subject: `CN=${(dnsNames[0] ?? ipAddresses[0] ?? 'countersign').slice(0, 64)}`,
    issuer: issuer.subject,
    notBefore: new Date(now - backDateMs),
    notAfter: new Date(Math.min(now + leafLifeMs, issuer.notAfter.getTime())),
    signingAlgorithm: signing,
    publicKey: pair.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { cert: pemOf(certificate), key: await keyPem(pair.privateKey) };
}

function serialNumber(): string {
  // Positive, as RFC 5280 asks.
  const bytes = webcrypto.getRandomValues(Buffer.alloc(16));
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('hex');
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return `${PemConverter.encode(der, 'PRIVATE KEY').trim()}\n`;
}
