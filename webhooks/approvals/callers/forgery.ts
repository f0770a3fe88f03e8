import { Problem } from '../http/problem.ts';
import type { Session, Sessions } from './session.ts';
import { headerOf, type Headers } from './unauthorized.ts';

/** Where a caller that is no form puts the form token. */
export const formTokenHeader = 'x-countersign-form-token';
/** The field of a form that has it. */
export const formTokenField = 'form_token';

/**
 * Whether another site made the browser send this. A browser says so itself (Sec-Fetch-Site), and where it is too old for that it says from where
 * (Origin); what says neither is no browser that we know.
 */
export function isFromElsewhere(headers: Headers, ownOrigin: string): boolean {
  const site = headerOf(headers, 'sec-fetch-site');
  const origin = headerOf(headers, 'origin');
  if (origin !== undefined && origin !== 'null' && origin !== ownOrigin) return true;
  // "null" is also what our own page says where it tells nobody where it is (Referrer-Policy), so then the browser itself must say.
  return site === undefined ? origin !== ownOrigin : site !== 'same-origin';
}

/** Refuses what somebody's browser was made to send in their name. @throws Problem 403. */
export function refuseForged(
  sessions: Sessions,
  session: Session,
  headers: Headers,
  ownOrigin: string,
  formToken: string | undefined,
): void {
  const given = formToken ?? headerOf(headers, formTokenHeader);
  if (!isFromElsewhere(headers, ownOrigin) && given !== undefined && sessions.isFormToken(session, given)) return;
  throw new Problem(
    403,
    'not-from-our-page',
    `This was not sent from a page of this service in the session that you are signed in with. Open the page again and send it from there; a program sends ${formTokenHeader}, or better a token in place of the cookie.`,
  );
}
