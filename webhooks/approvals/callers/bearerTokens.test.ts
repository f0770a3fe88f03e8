import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createLocalJWKSet, exportJWK, exportSPKI, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../operator/telemetry/logger.ts';
import { BearerTokens, issuerOf } from './bearerTokens.ts';
import { ProviderUnavailable } from './identityProvider.ts';
import { badCredentials } from './unauthorized.ts';

const issuer = 'https://id.example.com';
const now = Date.UTC(2026, 10, 21, 12);
const seconds = Math.floor(now / 1000);

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
let tokens: BearerTokens;

beforeAll(async () => {
  const key = createLocalJWKSet({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one' }] });
  tokens = new BearerTokens({
    provider: { issuer, key },
    audiences: ['countersign', 'countersign-api'],
    algorithms: ['RS256'],
    claims: { usernameClaim: 'email', groupsClaim: 'groups' },
    log: silentLogger(),
    now: () => now,
  });
});

const claims = { iss: issuer, aud: 'countersign', email: 'bob@corp', groups: ['finance'], iat: seconds, exp: seconds + 300 };

const signed = (more: object = {}, header: object = {}, key: KeyObject = pair.privateKey): Promise<string> =>
  new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key);

/** As somebody makes a token who does not use a library that would refuse to. */
function handMade(header: object, sign: (text: string) => string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${sign(text)}`;
}

describe('a token of the identity provider', () => {
  it('says who calls', async () => {
    expect(await tokens.personOf(await signed())).toEqual({ username: 'bob@corp', groups: ['finance', 'system:authenticated'] });
  });

  it('may be for any of our audiences, and for others besides', async () => {
    expect((await tokens.personOf(await signed({ aud: ['elsewhere', 'countersign-api'] }))).username).toBe('bob@corp');
  });

  it.each([
    ['a few seconds after it expired', { exp: seconds - 5 }],
    ['a few seconds before it begins', { nbf: seconds + 5 }],
  ])('is good %s: clocks differ', async (_when, more) => {
    expect((await tokens.personOf(await signed(more))).username).toBe('bob@corp');
  });

  const refused: [string, () => string | Promise<string>][] = [
    ['is for somebody else', () => signed({ aud: 'elsewhere' })],
    ['is for nobody', () => signed({ aud: undefined })],
    ['is of another issuer', () => signed({ iss: 'https://evil.example.com' })],
    ['has expired', () => signed({ exp: seconds - 60 })],
    ['never expires', () => signed({ exp: undefined })],
    ['is not valid yet', () => signed({ nbf: seconds + 60 })],
    ['is signed by somebody else', () => signed({}, {}, other.privateKey)],
    ['is signed with a key that nobody published', () => signed({}, { kid: 'two' }, other.privateKey)],
    ['is signed by an algorithm that is not on the list', () => signed({}, { alg: 'PS256' })],
    ['is not signed', () => new UnsecuredJWT(claims).encode()],
    ['says that it is signed by nothing', () => handMade({ alg: 'none', kid: 'one' }, () => '')],
    [
      'is signed with the published key as if that were a secret',
      async () => {
        const published = await exportSPKI(pair.publicKey);
        return handMade({ alg: 'HS256', kid: 'one' }, (text) => createHmac('sha256', published).update(text).digest('base64url'));
      },
    ],
    [
      'was altered',
      async () => {
        const [header, , signature] = (await signed()).split('.');
        return `${header}.${Buffer.from(JSON.stringify({ ...claims, email: 'cfo@corp' })).toString('base64url')}.${signature}`;
      },
    ],
    ['brings a key along', async () => signed({}, { jwk: await exportJWK(other.publicKey), kid: undefined }, other.privateKey)],
    ['names somebody of the system', () => signed({ groups: ['system:masters'] })],
    ['is nonsense', () => 'a.b.c'],
  ];

  it.each(refused)('that %s is refused, in the same words as any other', async (_what, make) => {
    const token = await make();
    await expect(tokens.personOf(token)).rejects.toMatchObject({ status: 401, message: badCredentials().message });
  });

  it('that cannot be judged, as the keys cannot be read, is not called bad', async () => {
    const away = new BearerTokens({
      provider: { issuer, key: () => Promise.reject(new ProviderUnavailable('away')) },
      audiences: ['countersign'],
      algorithms: ['RS256'],
      claims: { usernameClaim: 'email' },
      log: silentLogger(),
      now: () => now,
    });
    await expect(away.personOf(await signed())).rejects.toMatchObject({ status: 503, code: 'sign-in-unavailable' });
  });
});

describe('an ID token', () => {
  it('is of the sign-in whose nonce it has, and of no other', async () => {
    const token = await signed({ aud: 'client', nonce: 'n1' });
    expect((await tokens.signedIn(token, 'client', 'n1')).username).toBe('bob@corp');
    await expect(tokens.signedIn(token, 'client', 'n2')).rejects.toMatchObject({ status: 401 });
    await expect(tokens.signedIn(await signed({ aud: 'client' }), 'client', 'n1')).rejects.toMatchObject({ status: 401 });
  });

  it('for another client of the provider signs nobody in', async () => {
    await expect(tokens.signedIn(await signed({ aud: 'other', nonce: 'n1' }), 'client', 'n1')).rejects.toMatchObject({ status: 401 });
  });
});

describe('the issuer that a token names', () => {
  it('is read of tokens that have one', async () => {
    expect(issuerOf(await signed())).toBe(issuer);
  });
  it.each(['', 'abc', 'a.b.c', 'k8s-aws-v1.aGVsbG8'])('is nobody for %j', (token) => {
    expect(issuerOf(token)).toBeUndefined();
  });
});
