import { z } from 'zod';
import { signatureAlgorithms } from '../core/signatureAlgorithms.ts';
import { list, milliseconds, oneOf, text, url } from './values.ts';

const requiredClaim = z
  .string()
  .regex(/^[^=]+=.+$/, 'expected claims such as hd=example.com, separated by commas')
  .transform((given) => [given.slice(0, given.indexOf('=')), given.slice(given.indexOf('=') + 1)] as const);

/** By whom people are known who call the approval service with a token of an identity provider or sign in with a browser, and how links are made. */
export const signInSettings = {
  approvals_oidc_issuer: url
    .optional()
    .describe('The identity provider of people: its issuer, as its tokens name it. Without one, only tokens of the cluster are taken.'),
  approvals_oidc_client_id: text.optional().describe('What the identity provider calls the approval service. Needed with an issuer.'),
  approvals_oidc_client_secret: text.optional().describe('Its secret there; without one it is a public client, which has PKCE alone.'),
  approvals_oidc_audiences: list
    .prefault('')
    .describe('For whom bearer tokens of the provider must have been issued: one of these. The client id when empty.'),
  approvals_oidc_scopes: list
    .prefault('profile,email')
    .describe('What is asked for at a sign-in besides openid; add what makes the provider send groups.'),
  approvals_oidc_username_claim: text
    .prefault('sub')
    .describe(
      "The claim with the user name. Set this and the next four as the API server's own --oidc-* flags are, so that both know people by one name.",
    ),
  approvals_oidc_username_prefix: text
    .optional()
    .describe('What is put in front of it. When left out `ISSUER#`, except for the claim email; `-` for nothing.'),
  approvals_oidc_groups_claim: text.optional().describe('The claim with the groups. When left out, tokens name no groups.'),
  approvals_oidc_groups_prefix: text.optional().describe('What is put in front of each group.'),
  approvals_oidc_required_claims: list
    .pipe(z.array(requiredClaim))
    .prefault('')
    .describe('Claims that every token must have: `hd=example.com`, separated by commas.'),
  approvals_oidc_algorithms: list
    .pipe(z.array(oneOf(signatureAlgorithms)).min(1, 'expected at least one algorithm'))
    .prefault('RS256')
    .describe('With what tokens may be signed; never with nothing, and never with a shared secret.'),
  approvals_oidc_ca: text.optional().describe('PEM of certificate authorities to trust at the provider, besides the public ones.'),
  approvals_session: milliseconds.prefault('1h').describe('How long somebody stays signed in with a browser.'),
  approvals_session_keys: text
    .optional()
    .describe(
      'Keys that sessions are sealed with: base64 of 32 random bytes on each line, the newest first. When left out, the service makes one in its Secret countersign-approvals-keys.',
    ),
  approvals_link_life: milliseconds.prefault('24h').describe('How long a link in a mail is good for.'),
} as const;

/** Settings whose value is told to nobody, not even when it is wrong. */
export const secretSignInSettings = ['approvals_oidc_client_secret', 'approvals_session_keys'] as const;
