import { z } from 'zod';
import { isTooWeak } from '../../../operator/core/channels.ts';
import { oneLine } from '../../../operator/core/printable.ts';
import { isUndecided } from '../../../operator/core/stageStates.ts';
import type { Caller } from '../callers/caller.ts';
import { callerFrom, type ApproverDirectory } from '../callers/directory.ts';
import type { Callers, Headers } from '../callers/index.ts';
import type { Sessions } from '../callers/session.ts';
import { Problem } from '../http/problem.ts';
import { route, type Answer, type Route } from '../http/route.ts';
import { decisionKey, isToken, mailHash } from '../links/index.ts';
import { decidedByLinkPage, linkPage } from '../pages/linkPages.ts';
import { page } from '../pages/page.ts';
import type { Shown } from '../pages/request.ts';
import { obstacleToApproval } from '../pages/subject.ts';
import { isSettled } from '../requests.ts';
import type { Store } from '../store/index.ts';
import { findLink, giveBackLink, takeLink, unknownAddress, useLink, type FoundLink, type Link } from '../store/links.ts';
import { relayDecision } from './deciding.ts';
import { DecisionForm, saidIn } from './pages.ts';
import { shownTo, type ShowingDeps } from './showing.ts';

export interface LinkDeps extends ShowingDeps {
  readonly store: Store;
  readonly directory: Pick<ApproverDirectory, 'byUsername'>;
  readonly callers: Callers;
  readonly sessions: Sessions | undefined;
}

const params = z.object({ token: z.string().max(256).describe('What is in the mail.') });
const aPage = { description: 'A page.', contentType: 'text/html' } as const;
const tag = 'Pages';

/** Nobody else is told the address of a link: it is all that it takes. Overrides what other pages say. */
const headers = { 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex, nofollow, noarchive', 'cache-control': 'no-store' };

/** The links that mail carries: looking shows, and only pressing the button decides, once. Scanners of mail look at every link. */
export const linkRoutes = (deps: LinkDeps): Route[] => [
  route({
    method: 'get',
    path: '/l/{token}',
    summary: 'Where a link from a mail leads: shows what would run, and asks',
    tag,
    access: 'anybody',
    page: true,
    params,
    answers: { 200: aPage, 403: aPage, 410: aPage },
    handle: async (call) => page(200, linkPage(await look(deps, call.params.token, call.headers)), headers),
  }),
  route({
    method: 'post',
    path: '/l/{token}',
    summary: 'Decide by a link from a mail',
    tag,
    access: 'anybody',
    page: true,
    params,
    body: DecisionForm,
    answers: { 200: aPage, 403: aPage, 410: aPage },
    handle: (call) => press(deps, call.params.token, call.headers, call.body),
  }),
];

/** One wording for every token that is none: whoever tries them out learns nothing. */
const noLink = (deps: LinkDeps): Problem =>
  new Problem(403, 'no-such-link', `This link is not one of ours, or not whole. Open it from the mail again, or ${otherwise(deps)}.`, {
    headers,
  });

const canSignIn = ({ sessions }: LinkDeps): boolean => sessions !== undefined;

/** How people decide who do not by this link. */
const otherwise = (deps: LinkDeps): string => (canSignIn(deps) ? 'sign in' : 'use kubectl approve');

const gone = (code: string, sentence: string): Problem => new Problem(410, code, sentence, { headers });

/** The link, if it may still be used. @throws Problem 403, 409 or 410 with what became of it. */
function usable(deps: LinkDeps, found: FoundLink): Link & { readonly verdict: 'Approve' | 'Reject' } {
  switch (found.state) {
    case 'Unknown':
      throw noLink(deps);
    case 'Used':
      throw gone(
        'link-used',
        `This link was used: what it decided is decided.${canSignIn(deps) ? ' Sign in to see what came of it.' : ''}`,
      );
    case 'Revoked':
      throw gone(
        'link-revoked',
        'This link is not good any more: the request has been decided, or what it would run has changed since the mail was sent.',
      );
    case 'Expired':
      throw gone('link-expired', `This link is too old. To decide, ${otherwise(deps)}, or ask for another mail.`);
    case 'Taken':
      throw new Problem(
        409,
        'link-taken',
        'A decision by this link is being written at this moment. Open it again in half a minute to see what came of it.',
        { headers },
      );
    case 'Open': {
      const { verdict } = found.link;
      if (verdict === 'View') throw noLink(deps);
      return { ...found.link, verdict };
    }
  }
}

interface Looked extends Shown {
  readonly token: string;
  readonly link: Link;
  readonly approver: string;
  readonly verdict: 'Approve' | 'Reject';
  readonly formToken: string | undefined;
  readonly mustSignIn: boolean;
  readonly canSignIn: boolean;
}

/** What the link is about, as it is now. @throws Problem */
async function look(deps: LinkDeps, token: string, sent: Headers): Promise<Looked> {
  if (!isToken(token)) throw noLink(deps);
  const link = usable(deps, await findLink(deps.store, token));
  const caller = approverOf(deps, link);
  const { namespace, request: name, requestUid: uid } = link;
  const shown = await shownTo(deps, caller, { namespace, name, uid });
  if (shown === undefined) throw gone('request-gone', 'The request that this link is about does not exist any more.');
  checkOpen(deps, shown, link);
  const { approver, verdict } = link;
  return { ...shown, token, link, approver, verdict, canSignIn: canSignIn(deps), ...(await more(deps, sent, shown, verdict)) };
}

/** Whose link it is, as long as the address is theirs to which it was sent: it lies in that mailbox, whoever has that now. @throws Problem 410 */
function approverOf(deps: LinkDeps, { approver, mailHash: sentTo }: Link): Caller {
  const known = deps.directory.byUsername(approver);
  if (known === undefined) throw gone('approver-gone', `${oneLine(approver)} is not among the approvers of this cluster any more.`);
  if (sentTo === unknownAddress)
    throw gone(
      'link-of-earlier-version',
      `This link was sent by an earlier version, which did not keep where it went, so it decides nothing. Open a newer mail about it if one has come, or ${otherwise(deps)}.`,
    );
  if (known.mail === undefined || mailHash(known.mail) !== sentTo)
    throw gone(
      'address-changed',
      `This link was sent to a mail address that is not that of ${oneLine(approver)} any more, so it decides nothing. To decide, ${canSignIn(deps) ? 'sign in, or ' : ''}use kubectl approve.`,
    );
  return callerFrom(known, 'Email');
}

function checkOpen(deps: LinkDeps, { request }: Shown, { digest }: Link): void {
  if (isSettled(request)) throw gone('settled', `There is nothing left to decide: the request is ${request.status?.phase ?? 'settled'}.`);
  if (request.status?.subjectDigest !== digest)
    throw gone(
      'changed',
      `What would run has changed since the mail was sent, so this link is not good any more. Another mail is on its way, or ${otherwise(deps)}.`,
    );
}

/** A no counts by every channel, so whoever has a link to say it is held up by nothing. */
async function more({ callers, sessions }: LinkDeps, sent: Headers, { request }: Shown, verdict: 'Approve' | 'Reject') {
  const session = await callers.sessionOf(sent);
  return {
    formToken: session === undefined ? undefined : sessions?.formToken(session),
    mustSignIn: verdict === 'Approve' && wantsMoreThanMail(request),
  };
}

/** Whether every stage that still asks somebody wants a channel that is surer than mail. */
function wantsMoreThanMail({ status }: Shown['request']): boolean {
  const asking = (status?.stages ?? []).filter(isUndecided);
  return asking.length > 0 && asking.every(({ minimumChannel }) => isTooWeak('Email', minimumChannel));
}

async function press(deps: LinkDeps, token: string, sent: Headers, form: z.infer<typeof DecisionForm>): Promise<Answer> {
  const looked = await look(deps, token, sent);
  const { request, link, verdict } = looked;
  const again = (status: number, sentence: string): Answer =>
    page(status, linkPage({ ...looked, refused: { sentence, said: form } }), headers);
  if (looked.mustSignIn) return again(403, 'The policy asks for a surer channel than mail.');
  const obstacle = verdict === 'Approve' ? obstacleToApproval(looked.subject) : undefined;
  if (obstacle !== undefined) return again(409, obstacle);
  if (form.verdict !== verdict) return again(422, `This link is there to ${verdict.toLowerCase()}; the other mail link does the other.`);
  // Of any number at once, one goes on.
  usable(deps, await takeLink(deps.store, token));
  try {
    // Asked again: their Approver may have changed since the link was looked at.
    await relayDecision(deps, approverOf(deps, link), [{ request, digest: link.digest }], {
      ...saidIn(form, request),
      key: decisionKey(token),
    });
  } catch (error) {
    // Nothing was decided, or nobody knows; the next try finds what is decided under the same name.
    await giveBackLink(deps.store, token);
    if (error instanceof Problem && error.status < 500) return again(error.status, error.message);
    throw error;
  }
  await useLink(deps.store, token);
  return page(200, decidedByLinkPage(looked), headers);
}
