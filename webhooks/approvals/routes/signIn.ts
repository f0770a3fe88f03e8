import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { z } from 'zod';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { BearerTokens } from '../callers/bearerTokens.ts';
import { isFromElsewhere } from '../callers/forgery.ts';
import { ProviderUnavailable, type IdentityProvider } from '../callers/identityProvider.ts';
import { returnPath } from '../callers/returnTo.ts';
import type { Sessions } from '../callers/session.ts';
import { cannotTell } from '../callers/unauthorized.ts';
import { Problem } from '../http/problem.ts';
import { route, type Answer, type Call, type Route } from '../http/route.ts';
import { landingPage, signedOutPage } from '../pages/landing.ts';
import { page } from '../pages/page.ts';

/** What signing in with a browser takes. */
export interface SignInDeps {
  /** Absent where no identity provider is configured: then nobody signs in, and the pages say so. */
  readonly signIn?: SignIn | undefined;
  /** Where browsers find the service: `https://approvals.example.com`. */
  readonly origin: string;
  readonly log: Logger;
}

export interface SignIn {
  readonly provider: IdentityProvider;
  readonly tokens: BearerTokens;
  readonly sessions: Sessions;
  /** Besides `openid`. */
  readonly scopes: readonly string[];
}

const callbackPath = '/sign-in/callback';

/** The routes by which people sign in with a browser, and out again. */
export const signInRoutes = (deps: SignInDeps): Route[] => [
  route({
    method: 'get',
    path: '/',
    summary: 'Where a browser begins',
    tag: 'Pages',
    access: 'anybody',
    page: true,
    answers: { 200: { description: 'The way to sign in.', contentType: 'text/html' }, 303: { description: 'To what is to be decided.' } },
    handle: ({ caller }) =>
      Promise.resolve(caller === undefined ? page(200, landingPage({ canSignIn: deps.signIn !== undefined })) : seeOther('/requests')),
  }),
  route({
    method: 'get',
    path: '/sign-in',
    summary: 'Sign in with a browser',
    description: "Leads to the identity provider: OpenID Connect's authorization code flow with PKCE.",
    tag: 'Sign-in',
    access: 'anybody',
    page: true,
    query: z.object({ return_to: z.string().max(2_048).optional().describe('A path of this service to come back to.') }),
    answers: { 303: { description: 'To the identity provider.' } },
    handle: ({ query }) => begin(deps, query.return_to),
  }),
  route({
    method: 'get',
    path: callbackPath,
    summary: 'Where the identity provider leads back to',
    tag: 'Sign-in',
    access: 'anybody',
    page: true,
    // What else a provider sends along is none of our business.
    query: z.looseObject({}),
    answers: { 303: { description: 'Signed in; to where the sign-in was asked for.' } },
    handle: (call) => finish(deps, call),
  }),
  route({
    method: 'post',
    path: '/sign-out',
    summary: 'Sign out',
    tag: 'Sign-in',
    access: 'anybody',
    page: true,
    body: z.object({ form_token: z.string().max(256).optional() }),
    answers: { 200: { description: 'Signed out.', contentType: 'text/html' } },
    handle: ({ headers }) => signOut(deps, headers),
  }),
];

const seeOther = (location: string, cookies: readonly string[] = []): Answer => ({
  status: 303,
  headers: { location, ...(cookies.length === 0 ? {} : { 'set-cookie': cookies }) },
});

function required({ signIn }: SignInDeps): SignIn {
  if (signIn !== undefined) return signIn;
  throw new Problem(
    404,
    'no-sign-in',
    'No identity provider is configured here, so nobody can sign in with a browser; use a token with the API, or kubectl.',
  );
}

async function begin(deps: SignInDeps, returnTo: string | undefined): Promise<Answer> {
  const { provider, sessions, scopes } = required(deps);
  const flow = {
    state: randomState(),
    nonce: randomNonce(),
    verifier: randomPKCECodeVerifier(),
    returnTo: returnPath(returnTo, deps.origin),
  };
  const address = buildAuthorizationUrl(await configurationOf(provider), {
    redirect_uri: deps.origin + callbackPath,
    scope: ['openid', ...scopes].join(' '),
    response_type: 'code',
    state: flow.state,
    nonce: flow.nonce,
    code_challenge: await calculatePKCECodeChallenge(flow.verifier),
    code_challenge_method: 'S256',
  });
  return seeOther(address.href, [await sessions.remember(flow)]);
}

/** One wording for whatever went wrong: who tries things out learns nothing, and who signs in can only do one thing anyway. */
const notSignedIn = (): Problem =>
  new Problem(
    401,
    'not-signed-in',
    'The sign-in was not completed: it took too long, was begun in another browser, or the identity provider did not agree. Sign in again.',
  );

async function finish(deps: SignInDeps, { headers, query }: Call<unknown, Record<string, unknown>>): Promise<Answer> {
  const { provider, tokens, sessions } = required(deps);
  const flow = await sessions.flowOf(headers);
  if (flow === undefined) throw notSignedIn();
  const address = new URL(callbackPath, deps.origin);
  for (const [name, value] of Object.entries(query)) if (typeof value === 'string') address.searchParams.set(name, value);
  const configuration = await configurationOf(provider);
  try {
    const granted = await authorizationCodeGrant(configuration, address, {
      pkceCodeVerifier: flow.verifier,
      expectedState: flow.state,
      expectedNonce: flow.nonce,
      idTokenExpected: true,
    });
    // Judged like any token that somebody hands in, its signature included.
    const person = await tokens.signedIn(granted.id_token ?? '', provider.clientId, flow.nonce);
    return seeOther(flow.returnTo, await sessions.begin(person));
  } catch (error) {
    if (error instanceof Problem && error.status !== 401) throw error;
    deps.log.info({ reason: reasonOf(error) }, 'a sign-in failed');
    throw notSignedIn();
  }
}

/** Nothing of what the provider said but the kind of error: its words may quote what it was sent. */
const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}${'code' in error ? ` ${String(error.code)}` : ''}` : 'unknown';

async function signOut(deps: SignInDeps, headers: Call['headers']): Promise<Answer> {
  const { provider, sessions } = required(deps);
  // A form on another site comes without the cookie, and so unasked for its form token; what we answer would end the session all the same.
  if (isFromElsewhere(headers, deps.origin))
    throw new Problem(
      403,
      'not-from-our-page',
      'This was not sent from a page of this service, so nobody was signed out. Sign out on a page of the service.',
    );
  const elsewhere = await endSessionAddress(provider, deps.origin);
  const answer = page(200, signedOutPage({ provider: elsewhere }));
  const leading = elsewhere === undefined ? {} : { refresh: `0;url=${elsewhere}` };
  return { ...answer, headers: { ...answer.headers, ...leading, 'set-cookie': sessions.end() } };
}

/** Where the provider ends its own session, if it does; being signed out here must not wait for it. */
async function endSessionAddress(provider: IdentityProvider, origin: string): Promise<string | undefined> {
  try {
    const configuration = await provider.configuration();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    return buildEndSessionUrl(configuration, { post_logout_redirect_uri: `${origin}/` }).href;
  } catch (error) {
    if (error instanceof ProviderUnavailable) return undefined;
    throw error;
  }
}

async function configurationOf(provider: IdentityProvider): ReturnType<IdentityProvider['configuration']> {
  try {
    return await provider.configuration();
  } catch (error) {
    if (error instanceof ProviderUnavailable) throw cannotTell('The identity provider');
    throw error;
  }
}
