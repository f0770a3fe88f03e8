import { X509Certificate } from 'node:crypto';
import { createServer, connect } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { signAuthority, signLeaf } from './certificateAuthority.ts';
import { readMaterial, renewalOf } from './certificatePlan.ts';

const day = 24 * 3600 * 1000;
const now = Date.parse('2026-11-21T12:00:00Z');
const dnsNames = ['countersign.ns.svc', 'countersign'];

async function secret(at: number = now) {
  const authority = await signAuthority(at);
  const leaf = await signLeaf(authority, { dnsNames, ipAddresses: ['127.0.0.1'], now: at });
  return { 'ca.crt': authority.cert, 'ca.key': authority.key, 'tls.crt': leaf.cert, 'tls.key': leaf.key };
}

const names = [...dnsNames, '127.0.0.1'];

describe('a serving certificate', () => {
  it('is valid for its names, for servers only, and is trusted through its authority', async () => {
    const { 'ca.crt': ca, 'tls.crt': cert } = await secret();
    const [leaf, authority] = [new X509Certificate(cert), new X509Certificate(ca)];
    expect([authority.ca, leaf.ca]).toEqual([true, false]);
    expect(leaf.checkIssued(authority) && leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.checkHost('countersign.ns.svc')).toBe('countersign.ns.svc');
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.checkHost('other.ns.svc')).toBeUndefined();
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('is accepted in a handshake by who trusts the bundle, and by nobody else', async () => {
    const { 'ca.crt': ca, 'tls.crt': cert, 'tls.key': key } = await secret(Date.now());
    const server = createServer({ cert, key }, (socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const shake = (trusted: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect({ port, host: '127.0.0.1', ca: trusted, servername: dnsNames[0] ?? '' }, () => resolve('trusted'));
        socket.on('error', (error: Error) => resolve(error.message));
      });
    expect(await shake(ca)).toBe('trusted');
    expect(await shake((await signAuthority(now)).cert)).toMatch(/unable to verify|self.signed|unable to get/);
    server.close();
  });
});

describe('what the Secret holds', () => {
  it.each([
    ['is empty', () => ({})],
    ['has no key', async () => ({ ...(await secret()), 'tls.key': '' })],
    ['has the key of another certificate', async () => ({ ...(await secret()), 'tls.key': (await secret())['tls.key'] })],
    ['has the authority key of another', async () => ({ ...(await secret()), 'ca.key': (await secret())['ca.key'] })],
    ['is garbage', async () => ({ ...(await secret()), 'tls.crt': 'garbage' })],
  ])('is made anew when it %s', async (_what, values) => expect(readMaterial(await Promise.resolve(values()))).toBeUndefined());

  it('is made anew when the leaf is of an authority that is not in the bundle', async () => {
    const [one, two] = [await secret(), await secret()];
    const material = readMaterial({ ...one, 'ca.crt': two['ca.crt'], 'ca.key': two['ca.key'] });
    expect(renewalOf(material, { names, now })).toEqual({ kind: 'everything' });
  });
});

describe('renewal', () => {
  const decide = (values: Record<string, string>, at: number, wanted = names) =>
    renewalOf(readMaterial(values), { names: wanted, now: at });

  it('lets good certificates be, and says when to ask again', async () => {
    expect(decide(await secret(), now)).toEqual({ kind: 'none', askAgainAt: now + 60 * day });
  });

  it('renews the leaf thirty days before its end, or when the names have changed', async () => {
    const values = await secret();
    expect(decide(values, now + 60 * day - 1)).toMatchObject({ kind: 'none' });
    expect(decide(values, now + 60 * day)).toEqual({ kind: 'leaf' });
    expect(decide(values, now, ['other'])).toEqual({ kind: 'leaf' });
  });

  it('adds an authority long before the old one ends, uses it a day later, and never serves what only the new one vouches for before', async () => {
    const old = await secret();
    const due = now + 610 * day;
    const leaf = await signLeaf({ cert: old['ca.crt'], key: old['ca.key'] }, { dnsNames, ipAddresses: ['127.0.0.1'], now: due });
    const late = { ...old, 'tls.crt': leaf.cert, 'tls.key': leaf.key };
    expect(decide(late, due)).toEqual({ kind: 'authority' });
    const next = await signAuthority(due);
    const both = { ...late, 'ca.crt': old['ca.crt'] + next.cert, 'ca.key': next.key };
    const waits = decide(both, due);
    expect(waits).toMatchObject({ kind: 'none' });
    const askAgainAt = 'askAgainAt' in waits ? waits.askAgainAt : 0;
    expect(askAgainAt - due).toBeGreaterThan(20 * 3600 * 1000);
    expect(decide(both, askAgainAt)).toEqual({ kind: 'leaf' });
  });

  it('starts over when every authority has ended', async () => {
    expect(decide(await secret(), now + 731 * day)).toEqual({ kind: 'everything' });
  });
});
