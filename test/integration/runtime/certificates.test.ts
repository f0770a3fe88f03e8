import { X509Certificate } from 'node:crypto';
import { describe, expect } from 'vitest';
import { ensureCertificates } from '../../../operator/kube/certificates.ts';
import type { Certificates } from '../../../operator/kube/certificates.ts';
import { test } from '../../fixtures/inNamespace.ts';
import type { TestNamespace } from '../../fixtures/world.ts';

const day = 24 * 3600 * 1000;

const ensure = (ns: TestNamespace, now: number): Promise<Certificates> =>
  ensureCertificates({ client: ns.admin, secretRef: { namespace: ns.name, name: 'tls' }, dnsNames: ['countersign.ns.svc'], now });

/** The authorities of one bundle vouch for the certificate of another. */
function vouches(bundle: string, cert: string): boolean {
  const leaf = new X509Certificate(cert);
  const authorities = bundle.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? [];
  return authorities
    .map((pem) => new X509Certificate(pem))
    .some((authority) => leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
}

describe.concurrent('serving certificates in a Secret', () => {
  test('are the same for replicas that start at one time', async ({ ns }) => {
    const now = Date.now();
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => ensure(ns, now)));
    expect(new Set(all.map(({ cert, key, caBundle }) => cert + key + caBundle)).size).toBe(1);
  });

  test('go through years of rotations without a moment in which a replica that is a step behind distrusts one that is ahead', async ({
    ns,
  }) => {
    const begin = Date.now();
    let behind = await ensure(ns, begin);
    let authorities = new Set([behind.caBundle]);
    for (let now = behind.renewAt; now < begin + 1_500 * day;) {
      const ahead = await ensure(ns, now);
      expect(vouches(behind.caBundle, ahead.cert)).toBe(true);
      expect(vouches(ahead.caBundle, behind.cert)).toBe(true);
      expect(Date.parse(new X509Certificate(ahead.cert).validTo)).toBeGreaterThan(now);
      expect(ahead.renewAt).toBeGreaterThan(now);
      authorities = authorities.add(ahead.caBundle);
      behind = ahead;
      now = ahead.renewAt;
    }
    expect(authorities.size).toBeGreaterThanOrEqual(4);
  });
});
