import { randomBytes } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { Callers } from './index.ts';
import { returnPath } from './returnTo.ts';
import { Seals } from './seals.ts';
import { Sessions } from './session.ts';

const origin = 'https://approvals.example.com';
const issuer = 'https://id.example.com';
const bob = { username: 'bob@corp', groups: ['finance', 'system:authenticated'] };
const jwt = (claims: object): string =>
  `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

function service() {
  const sessions = new Sessions({ seals: new Seals([randomBytes(32)]), seconds: 3_600 });
  const kubernetes = { personOf: vi.fn(() => Promise.resolve({ username: 'system:serviceaccount:ci:deploy', groups: [] })) };
  const bearer = { issuer, personOf: vi.fn(() => Promise.resolve(bob)) };
  return { sessions, kubernetes, bearer, callers: new Callers({ kubernetes, bearer, sessions, origin }) };
}

async function signedIn() {
  const { sessions, callers } = service();
  const [cookie = ''] = await sessions.begin(bob);
  const headers = { cookie: cookie.split(';')[0] ?? '' };
  const session = (await callers.sessionOf(headers))!;
  return { callers, headers, token: sessions.formToken(session) };
}

describe('who calls', () => {
  it('is asked of the identity provider for its own tokens, and of the API server for all others', async () => {
    const { callers, kubernetes, bearer } = service();
    expect(await callers.callerOf({ authorization: `Bearer ${jwt({ iss: issuer })}` })).toEqual({
      ...bob,
      via: 'Web',
      proof: 'BearerToken',
    });
    expect(kubernetes.personOf).not.toHaveBeenCalled();
    for (const token of [jwt({ iss: 'https://kubernetes.default.svc' }), jwt({}), 'opaque']) {
      expect(await callers.callerOf({ authorization: `bearer ${token}` })).toMatchObject({ proof: 'KubernetesToken', via: 'Web' });
    }
    expect(bearer.personOf).toHaveBeenCalledTimes(1);
  });

  it('is nobody without credentials, and with a cookie that is no good', async () => {
    const { callers } = service();
    expect(await callers.callerOf({})).toBeUndefined();
    expect(await callers.callerOf({ cookie: '__Host-countersign=forged' })).toBeUndefined();
  });

  it('is whoever the token says, where there is a cookie too', async () => {
    const { callers, headers } = await signedIn();
    expect(await callers.callerOf(headers)).toEqual({ ...bob, via: 'Web', proof: 'Session' });
    expect((await callers.callerOf({ ...headers, authorization: 'Bearer opaque' }))?.proof).toBe('KubernetesToken');
  });

  it.each([
    ['empty', ''],
    ['a scheme alone', 'Bearer'],
    ['a scheme and a space', 'Bearer '],
    ['of another scheme', 'Basic Ym9iOnB3'],
    ['two tokens', 'Bearer a b'],
    ['two headers in one', 'Bearer a,b'],
    ['no token68', 'Bearer \u00e4'],
    ['longer than any token', `Bearer ${'a'.repeat(20_000)}`],
    ['a token alone', 'token'],
  ])('is refused for an Authorization header that is %s, and nobody is asked', async (_what, authorization) => {
    const { callers, kubernetes } = service();
    await expect(callers.callerOf({ authorization })).rejects.toMatchObject({
      status: 401,
      details: { headers: { 'www-authenticate': expect.stringMatching(/^Bearer /) as string } },
    });
    expect(kubernetes.personOf).not.toHaveBeenCalled();
  });
});

describe('a write in a session', () => {
  it.each([
    ['a page of ours', { 'sec-fetch-site': 'same-origin', origin }],
    ['a page of ours that says nothing of where it is', { 'sec-fetch-site': 'same-origin', origin: 'null' }],
    ['a page of ours in an old browser', { origin }],
  ])('is taken from %s, with the token of the session', async (_what, more) => {
    const { callers, headers, token } = await signedIn();
    await expect(callers.refuseForgery({ ...headers, ...more }, token)).resolves.toBeUndefined();
    await expect(callers.refuseForgery({ ...headers, ...more, 'x-countersign-form-token': token })).resolves.toBeUndefined();
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example.com' }],
    ['another site that hides', { 'sec-fetch-site': 'cross-site', origin: 'null' }],
    ['another host of the same domain', { 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' }],
    ['another site in an old browser', { origin: 'https://evil.example.com' }],
    ['another port', { origin: `${origin}:8443` }],
    ['another site that hides in an old browser', { origin: 'null' }],
    ['nowhere', {}],
    ['an address that was typed', { 'sec-fetch-site': 'none' }],
    ['a browser that contradicts itself', { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example.com' }],
  ])('is refused from %s, though it has the token', async (_what, more) => {
    const { callers, headers, token } = await signedIn();
    await expect(callers.refuseForgery({ ...headers, ...more }, token)).rejects.toMatchObject({ status: 403, code: 'not-from-our-page' });
  });

  it('is refused without the token of this very session, though it comes from a page of ours', async () => {
    const { callers, headers } = await signedIn();
    const { token } = await signedIn();
    const from = { ...headers, 'sec-fetch-site': 'same-origin', origin };
    await expect(callers.refuseForgery(from)).rejects.toMatchObject({ status: 403 });
    await expect(callers.refuseForgery(from, token)).rejects.toMatchObject({ status: 403 });
  });
});

describe('the way back after a sign-in', () => {
  it.each([
    ['/requests/abc?x=1', '/requests/abc?x=1'],
    ['/l/abc', '/l/abc'],
    ['/', '/'],
  ])('leads to %s', (asked, path) => {
    expect(returnPath(asked, origin)).toBe(path);
  });

  it.each([
    undefined,
    '',
    'https://evil.example.com/',
    '//evil.example.com',
    '/\\evil.example.com',
    '\\\\evil.example.com',
    '/\t/evil.example.com',
    '/\n/evil.example.com',
    ' /x',
    'javascript:alert(1)',
    'requests',
    '/a\\b',
    '/.//evil.example.com/..//..//evil.example.com',
    '/\u2028/evil.example.com',
  ])('never leads elsewhere, as %j would', (asked) => {
    const url = new URL(returnPath(asked, origin), origin);
    expect(url.origin).toBe(origin);
    expect(returnPath(asked, origin)).not.toMatch(/^\/\//);
  });
});
