import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ProviderUnavailable } from '../callers/identityProvider.ts';
import { Seals } from '../callers/seals.ts';
import { Sessions } from '../callers/session.ts';
import type { Answer } from '../http/route.ts';
import { signInRoutes } from './signIn.ts';

const origin = 'https://approvals.example.com';
const sessions = new Sessions({ seals: new Seals([randomBytes(32)]), seconds: 3_600 });
const provider = { configuration: () => Promise.reject(new ProviderUnavailable('away')) };

async function signOut(headers: Record<string, string>): Promise<Answer | undefined> {
  const routes = signInRoutes({ signIn: { provider, sessions } as never, origin, log: undefined as never });
  return routes.find(({ path }) => path === '/sign-out')?.handle({ headers } as never);
}

describe('signing out', () => {
  it('ends the session of whoever asks for it on a page of ours', async () => {
    const answer = await signOut({ origin, 'sec-fetch-site': 'same-origin' });
    expect(answer).toMatchObject({ status: 200, headers: { 'set-cookie': sessions.end() } });
  });

  it.each<[string, Record<string, string>]>([
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a neighbour', { origin: 'https://wiki.example.com', 'sec-fetch-site': 'same-site' }],
    ['an older browser on another site', { origin: 'https://evil.example' }],
    ['nobody says where', {}],
  ])('is refused where %s sends it, although it comes without the cookie', async (_what, headers) => {
    await expect(signOut(headers)).rejects.toMatchObject({ status: 403, code: 'not-from-our-page' });
  });
});
