import { describe, expect, it } from 'vitest';
import { personOf, type ClaimRules } from './claims.ts';

const rules: ClaimRules = { issuer: 'https://id.example.com', usernameClaim: 'sub', groupsClaim: 'groups' };

describe('the claims of a token', () => {
  it('name a user by issuer and subject, as the API server does when nothing else is said', () => {
    expect(personOf({ sub: 'bob', groups: ['finance'] }, rules)).toEqual({
      username: 'https://id.example.com#bob',
      groups: ['finance', 'system:authenticated'],
    });
  });

  it.each([
    ['a prefix', { usernamePrefix: 'oidc:' }, 'oidc:bob'],
    ['no prefix', { usernamePrefix: '-' }, 'bob'],
    ['an empty prefix', { usernamePrefix: '' }, 'bob'],
  ])('name a user with %s where that is said', (_what, more, username) => {
    expect(personOf({ sub: 'bob' }, { ...rules, ...more }).username).toBe(username);
  });

  it('name a user by a mail address without a prefix, as the API server does', () => {
    expect(personOf({ email: 'bob@corp', email_verified: true }, { ...rules, usernameClaim: 'email' }).username).toBe('bob@corp');
  });

  it.each([false, 'true', 1])('name nobody by a mail address of which the provider says that it is verified: %j', (verified) => {
    expect(() => personOf({ email: 'bob@corp', email_verified: verified }, { ...rules, usernameClaim: 'email' })).toThrow(/not verified/);
  });

  it('name groups with their prefix, and one group that is no list', () => {
    expect(personOf({ sub: 'bob', groups: 'finance' }, { ...rules, groupsPrefix: 'oidc:' }).groups).toEqual([
      'oidc:finance',
      'system:authenticated',
    ]);
  });

  it('name no groups where no claim for them is configured', () => {
    expect(personOf({ sub: 'bob', groups: ['finance'] }, { ...rules, groupsClaim: undefined }).groups).toEqual(['system:authenticated']);
  });

  it.each([
    ['a user of the system', { sub: 'system:admin' }],
    ['a group of the system', { sub: 'bob', groups: ['finance', 'system:masters'] }],
  ])('name nobody when they name %s', (_what, claims) => {
    expect(() => personOf(claims, { ...rules, usernamePrefix: '-' })).toThrow(/system:/);
  });

  it('name nobody when a prefix makes a name of the system of them', () => {
    expect(() => personOf({ sub: 'masters' }, { ...rules, usernamePrefix: 'system:' })).toThrow(/system:/);
  });

  it.each([
    ['no user', {}],
    ['an empty user', { sub: '' }],
    ['a user that is no text', { sub: { a: 1 } }],
    ['groups that are no texts', { sub: 'bob', groups: [1] }],
    ['groups that are an object', { sub: 'bob', groups: { finance: true } }],
    ['more groups than anybody is in', { sub: 'bob', groups: Array.from({ length: 1_025 }, (_, i) => `g${i}`) }],
    ['a name longer than any', { sub: 'b'.repeat(600) }],
    ['half a character', { sub: 'bob\ud800' }],
  ])('name nobody when they have %s', (_what, claims) => {
    expect(() => personOf(claims, rules)).toThrow();
  });

  it('name nobody without a claim that is required', () => {
    const strict = { ...rules, requiredClaims: { hd: 'corp' } };
    expect(() => personOf({ sub: 'bob', hd: 'other' }, strict)).toThrow(/hd/);
    expect(personOf({ sub: 'bob', hd: 'corp' }, strict).username).toMatch(/bob$/);
  });
});
