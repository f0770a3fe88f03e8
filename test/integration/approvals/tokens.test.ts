import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { TestNamespace } from '../../fixtures/world.ts';
import { detailOf } from './support.ts';
import { signInScene, signInService } from './signInService.ts';

const service = await signInService();
const { provider } = service;
const withToken = (token: string) => service.service.anonymous('GET', '/v1/requests', { headers: { authorization: `Bearer ${token}` } });

describe('a token of the identity provider', () => {
  it('is a caller with the names that the cluster knows them by', async () => {
    const of = await signInScene(service);
    const answer = await service.service.anonymous('GET', '/users', {
      headers: { authorization: `Bearer ${await provider.token(of.bob)}` },
    });
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([200, expect.stringContaining(of.username) as string]);
    await of.ns.close();
  });

  const seconds = Math.floor(Date.now() / 1000);
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const handMade = (header: object, claims: object, sign: (text: string) => string): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part(header)}.${part(claims)}`;
    return `${text}.${sign(text)}`;
  };
  const claims = { iss: provider.issuer, aud: 'countersign', sub: 'bob', email: 'bob@corp', iat: seconds, exp: seconds + 3_000 };
  const published = createPublicKey(provider.key.privateKey).export({ type: 'spki', format: 'pem' });

  const bad: readonly [string, () => string | Promise<string>][] = [
    ['for somebody else', () => provider.token('bob', { aud: 'another-service' })],
    ['of another issuer', () => provider.token('bob', { iss: 'https://evil.example.com' })],
    ['that has expired', () => provider.token('bob', { exp: seconds - 600 })],
    ['that is not valid yet', () => provider.token('bob', { nbf: seconds + 3_600 })],
    ['that is not signed', () => new UnsecuredJWT(claims).encode()],
    ['signed by nothing', () => handMade({ alg: 'none' }, claims, () => '')],
    [
      'signed with the published key as a secret',
      () => handMade({ alg: 'HS256', kid: 'test' }, claims, (text) => createHmac('sha256', published).update(text).digest('base64url')),
    ],
    ['signed by a stranger', () => provider.token('bob', {}, {}, stranger)],
    ['of a key that nobody published', () => provider.token('bob', {}, { kid: 'another' }, stranger)],
    ['that names a group of the system', () => provider.token('bob', { groups: ['system:masters'] })],
    ['that is no token', () => 'nonsense'],
  ];

  it('that is no good is refused, always in the same words', async () => {
    const words = new Set<string>();
    for (const [what, make] of bad) {
      const answer = await withToken(await make());
      expect(answer.status, what).toBe(401);
      expect(answer.headers['www-authenticate'], what).toMatch(/^Bearer /);
      words.add(detailOf(answer));
    }
    expect(words.size).toBe(1);
  });
});

describe('a token of the cluster', () => {
  it('is good when it was issued for the service, and not when it was issued for the API server or another', async () => {
    const ns = await TestNamespace.create('tokens');
    const { token } = await service.service.person(ns, 'robot');
    expect((await withToken(token)).status).toBe(200);
    const issued = async (audiences: readonly string[]): Promise<string> => {
      const path = `/api/v1/namespaces/${ns.name}/serviceaccounts/robot/token`;
      const body = { spec: { expirationSeconds: 600, ...(audiences.length === 0 ? {} : { audiences }) } };
      return (await ns.admin.raw<{ status: { token: string } }>({ method: 'POST', path, body })).status.token;
    };
    expect((await withToken(await issued([]))).status).toBe(401);
    expect((await withToken(await issued(['another-service']))).status).toBe(401);
    await ns.close();
  });
});
