import { describe, expect, it } from 'vitest';
import { readSettings, type Settings } from '../config.ts';
import { callersSettings } from '../roles/signIn.ts';

const settings = (more: Readonly<Record<string, string>> = {}): Settings =>
  readSettings({
    COUNTERSIGN_NAMESPACE: 'countersign-system',
    COUNTERSIGN_POD_NAME: 'countersign-approvals-0',
    COUNTERSIGN_ROLES: 'approvals',
    ...Object.fromEntries(Object.entries(more).map(([name, value]) => [`COUNTERSIGN_APPROVALS_${name}`, value])),
  });

const provider = {
  OIDC_ISSUER: 'https://id.example.com',
  OIDC_CLIENT_ID: 'countersign',
  SESSION_KEYS: Buffer.alloc(32, 7).toString('base64'),
};
const nobody = { get: () => Promise.reject(new Error('not asked')), replace: () => Promise.reject(new Error('not asked')) };
const callers = (more: Readonly<Record<string, string>>) => callersSettings(settings(more), nobody);

describe('the settings of signing in', () => {
  it('say as the API server does who somebody is, when nothing else is said', async () => {
    expect(await callers(provider)).toMatchObject({
      sessionMs: 3_600_000,
      sealKeys: [Buffer.alloc(32, 7)],
      provider: {
        issuer: 'https://id.example.com',
        audiences: ['countersign'],
        algorithms: ['RS256'],
        claims: { usernameClaim: 'sub', usernamePrefix: undefined, groupsClaim: undefined, requiredClaims: {} },
      },
    });
  });

  it('need neither a provider nor keys', async () => {
    expect(await callers({})).toMatchObject({ audiences: ['countersign-approvals'], sealKeys: [] });
    expect((await callers({})).provider).toBeUndefined();
  });

  it('take claims that every token must have', async () => {
    const { provider: of } = await callers({ ...provider, OIDC_REQUIRED_CLAIMS: 'hd=example.com, scope=a=b' });
    expect(of?.claims.requiredClaims).toEqual({ hd: 'example.com', scope: 'a=b' });
  });

  it.each(['none', 'HS256', 'RS256,HS512'])('never take tokens that are signed with %s', (algorithms) => {
    expect(() => settings({ ...provider, OIDC_ALGORITHMS: algorithms })).toThrow(/COUNTERSIGN_APPROVALS_OIDC_ALGORITHMS/);
  });

  it('take no provider that is asked without TLS', () => {
    expect(() => settings({ ...provider, OIDC_ISSUER: 'http://id.example.com' })).toThrow(/https/);
  });

  it('are wrong with an issuer and no client, and with keys that are none, and show neither secret', async () => {
    await expect(callers({ OIDC_ISSUER: 'https://id.example.com' })).rejects.toThrow(/COUNTERSIGN_APPROVALS_OIDC_CLIENT_ID is not set/);
    await expect(callers({ ...provider, SESSION_KEYS: 'aHVudGVyMg==' })).rejects.toThrow(/has 7 bytes on line 1/);
    await expect(callers({ ...provider, SESSION_KEYS: 'aHVudGVyMg==' })).rejects.not.toThrow(/aHVudGVyMg/);
  });
});
