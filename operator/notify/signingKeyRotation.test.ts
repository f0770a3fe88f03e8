import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SigningKey } from './signingKey.ts';

const pair = () => generateKeyPairSync('ed25519');
const encoded = (key: KeyObject): string => Buffer.from(key.export({ format: 'pem', type: 'pkcs8' }).toString()).toString('base64');

function keeping(data: Record<string, string>) {
  const stored = { data, isAway: false };
  const client = {
    get: () => (stored.isAway ? Promise.reject(new Error('away')) : Promise.resolve({ metadata: {}, data: stored.data })),
    create: () => Promise.reject(new Error('it is there')),
    replace: () => Promise.reject(new Error('it is filled')),
  };
  let now = 0;
  const key = new SigningKey(client as never, 'system', 'keys', () => now);
  const later = (ms: number): void => {
    now += ms;
  };
  return { key, stored, later };
}

describe('the key that signs', () => {
  it('is the new one within a minute of a rotation, and both are shown to receivers', async () => {
    const [first, second] = [pair(), pair()];
    const { key, stored, later } = keeping({ 'signing.key': encoded(first.privateKey) });
    expect((await key.get()).equals(first.privateKey)).toBe(true);
    expect((await key.publicKeys()).map((each) => each.equals(first.publicKey))).toEqual([true]);
    stored.data = { 'signing.key': encoded(second.privateKey), 'signing.previous.key': encoded(first.privateKey) };
    later(60_000);
    expect((await key.get()).equals(second.privateKey)).toBe(true);
    const shown = await key.publicKeys();
    expect(shown.map(({ type }) => type)).toEqual(['public', 'public']);
    expect([shown[0]?.equals(second.publicKey), shown[1]?.equals(first.publicKey)]).toEqual([true, true]);
  });

  it('stays what it was while it cannot be read, and is none once what is there is no key', async () => {
    const first = pair();
    const { key, stored, later } = keeping({ 'signing.key': encoded(first.privateKey) });
    await key.get();
    stored.isAway = true;
    later(60_000);
    expect((await key.get()).equals(first.privateKey)).toBe(true);
    stored.isAway = false;
    stored.data = { 'signing.key': Buffer.from('nonsense').toString('base64') };
    later(60_000);
    await expect(key.get()).rejects.toThrow('no usable signing.key');
  });
});
