import { X509Certificate, createPrivateKey } from 'node:crypto';

/** An authority in the bundle. */
export interface Authority {
  readonly pem: string;
  readonly parsed: X509Certificate;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What the Secret holds, when it is whole. */
export interface Material {
  /** Oldest first; the last one signs. */
  readonly authorities: readonly Authority[];
  readonly caKey: string;
  readonly cert: string;
  readonly key: string;
}

const day = 24 * 3600 * 1000;
/** A successor is trusted so long before an authority ends: longer than any leaf it has signed lives. */
const authorityRenewBeforeMs = 120 * day;
const leafRenewBeforeMs = 30 * day;
/** An authority must have been trusted for so long before it signs what is served. */
const trustedFirstMs = day;

/** What must be renewed now, or when to ask again. */
export type Renewal = { readonly kind: 'none'; readonly askAgainAt: number } | { readonly kind: 'everything' | 'authority' | 'leaf' };

/** Reads the Secret's values. Undefined when something is missing, unreadable or does not fit together: then all is made anew. */
export function readMaterial(values: Readonly<Record<string, string>>): Material | undefined {
  const { 'ca.crt': bundle = '', 'ca.key': caKey = '', 'tls.crt': cert = '', 'tls.key': key = '' } = values;
  try {
    const authorities = pemsOf(bundle)
      .map(authorityOf)
      .sort((a, b) => a.notBefore - b.notBefore);
    const newest = authorities.at(-1);
    if (newest?.parsed.checkPrivateKey(createPrivateKey(caKey)) !== true) return undefined;
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return undefined;
    return { authorities, caKey, cert, key };
  } catch {
    return undefined;
  }
}

/** Decides what to renew. One thing at a time: an authority is trusted first and signs later. */
export function renewalOf(material: Material | undefined, wanted: { readonly names: readonly string[]; readonly now: number }): Renewal {
  const newest = material?.authorities.at(-1);
  if (material === undefined || newest === undefined) return { kind: 'everything' };
  const { names, now } = wanted;
  const leaf = new X509Certificate(material.cert);
  const issuer = material.authorities.find((authority) => leaf.checkIssued(authority.parsed) && leaf.verify(authority.parsed.publicKey));
  if (issuer === undefined || newest.notAfter <= now) return { kind: 'everything' };
  const authorityEnds = newest.notAfter - authorityRenewBeforeMs;
  if (authorityEnds <= now) return { kind: 'authority' };
  const leafEnds = Date.parse(leaf.validTo) - leafRenewBeforeMs;
  const signsFrom = newest.notBefore + trustedFirstMs;
  const isOldIssue = issuer !== newest && signsFrom <= now;
  if (leafEnds <= now || isOldIssue || !namesFit(leaf, names)) return { kind: 'leaf' };
  return { kind: 'none', askAgainAt: Math.min(authorityEnds, leafEnds, issuer === newest ? Infinity : signsFrom) };
}

function namesFit(leaf: X509Certificate, names: readonly string[]): boolean {
  const present = (leaf.subjectAltName ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  // An IPv6 address may be spelt in many ways; its presence is not judged.
  return present.length === names.length && names.every((name) => name.includes(':') || present.includes(name));
}

function pemsOf(bundle: string): string[] {
  return [...bundle.matchAll(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)].map(([pem]) => `${pem}\n`);
}

function authorityOf(pem: string): Authority {
  const parsed = new X509Certificate(pem);
  return { pem, parsed, notBefore: Date.parse(parsed.validFrom), notAfter: Date.parse(parsed.validTo) };
}
