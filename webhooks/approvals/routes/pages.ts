import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { approvalDecisions, Digest, type ApprovalDecision } from '../../../crds/v1alpha1/index.ts';
import { ObjectName } from '../../../crds/v1alpha1/values.ts';
import { isNotFound } from '../../../operator/kube/client/apiError.ts';
import type { Caller } from '../callers/caller.ts';
import type { Callers, Headers } from '../callers/index.ts';
import type { Sessions } from '../callers/session.ts';
import { Problem } from '../http/problem.ts';
import { route, type Answer, type Route } from '../http/route.ts';
import { answersOf } from '../pages/decideForm.ts';
import { page, type Viewer } from '../pages/page.ts';
import { listPage, requestPage, type RequestShown } from '../pages/requestPages.ts';
import { stylePath, stylesheet } from '../pages/style.ts';
import type { KnownRequest } from '../requests.ts';
import { waitsFor } from '../waitingFor.ts';
import { relayDecision } from './deciding.ts';
import type { RequestDeps } from './deps.ts';
import { findRequest } from './finding.ts';
import { requestsFor } from './requestList.ts';
import { shownTo } from './showing.ts';

export interface PageDeps extends RequestDeps {
  readonly callers: Callers;
  readonly sessions: Sessions | undefined;
}

const params = z.object({ uid: z.string().min(1).max(64).describe('The uid of the request.') });
const mostListed = 100;
const aPage = { description: 'A page.', contentType: 'text/html' } as const;

/** The pages on which people see what waits for them, and decide it. */
export const pageRoutes = (deps: PageDeps): Route[] => [styleRoute(), listRoute(deps), showRoute(deps), decideRoute(deps)];

const styleRoute = (): Route =>
  route({
    method: 'get',
    path: stylePath,
    summary: 'The stylesheet of the pages',
    tag: 'Pages',
    access: 'anybody',
    answers: { 200: { description: 'The stylesheet.', contentType: 'text/css' } },
    handle: () =>
      Promise.resolve({
        status: 200,
        contentType: 'text/css; charset=utf-8',
        body: stylesheet,
        headers: { 'cache-control': 'public, max-age=31536000, immutable' },
      }),
  });

const listRoute = (deps: PageDeps): Route =>
  route({
    method: 'get',
    path: '/requests',
    summary: 'What waits for whoever is signed in',
    tag: 'Pages',
    access: 'caller',
    page: true,
    answers: { 200: aPage },
    handle: async ({ caller, headers }) => {
      const { requests, next } = await requestsFor(deps, caller, { mine: 'true', limit: mostListed });
      return page(
        200,
        listPage({ requests, more: next !== undefined, viewer: await viewerOf(deps, caller, headers), now: deps.client.now() }),
      );
    },
  });

const showRoute = (deps: PageDeps): Route =>
  route({
    method: 'get',
    path: '/requests/{uid}',
    summary: 'A request, with a form to decide it',
    tag: 'Pages',
    access: 'caller',
    page: true,
    params,
    query: z.looseObject({ decision: z.string().max(253).optional().describe('What the caller has just decided by the form.') }),
    answers: { 200: aPage },
    handle: async ({ caller, headers, params: { uid }, query }) => {
      const request = await findRequest(deps, caller, uid);
      const [shown, decided] = await Promise.all([
        showing(deps, caller, headers, request),
        query.decision === undefined ? undefined : verdictOf(deps, caller, request, query.decision),
      ]);
      return page(200, requestPage({ ...shown, decided }));
    },
  });

/** What the caller said by that decision about that request. An address alone tells nobody that they have decided. */
async function verdictOf(
  { client }: PageDeps,
  caller: Caller,
  request: KnownRequest,
  name: string,
): Promise<'Approve' | 'Reject' | undefined> {
  if (!ObjectName.safeParse(name).success) return undefined;
  const found = await client.get<ApprovalDecision>(approvalDecisions, { namespace: request.namespace, name }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  const { approver, requests = [], verdict } = found?.spec ?? {};
  const isTheirs = approver === caller.username && requests.some(({ uid }) => uid === request.uid);
  return isTheirs && (verdict === 'Approve' || verdict === 'Reject') ? verdict : undefined;
}

/** What the form sends: fields of it, and an answer for each question. */
export const DecisionForm = z
  .object({
    form_token: z.string().max(256).optional().describe('Of the session.'),
    verdict: z.enum(['Approve', 'Reject']).describe('Which button was pressed.'),
    reason: z.string().max(1_024).optional(),
    ticket: z.string().max(256).optional(),
  })
  .catchall(z.string().max(16_384));

const PageForm = DecisionForm.extend({
  digest: Digest.describe('Of what was shown.'),
  form_id: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .describe('Of this showing of the form.'),
}).catchall(z.string().max(16_384));

const decideRoute = (deps: PageDeps): Route =>
  route({
    method: 'post',
    path: '/requests/{uid}/decision',
    summary: 'Decide a request by the form of its page',
    tag: 'Pages',
    access: 'caller',
    page: true,
    decides: true,
    params,
    body: PageForm,
    answers: { 303: { description: 'Decided; back to the page.' }, 409: aPage, 422: aPage },
    handle: async ({ caller, headers, params: { uid }, body }) => {
      const request = await findRequest(deps, caller, uid);
      const said = saidIn(body, request);
      try {
        const made = await relayDecision(deps, caller, [{ request, digest: body.digest }], { ...said, key: body.form_id });
        const { name } = made.body as { name: string };
        return { status: 303, headers: { location: `/requests/${uid}?decision=${name}` } } satisfies Answer;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        const refused = { sentence: error.message, said: body };
        const shown = await showing(deps, caller, headers, request);
        return page(error.status, requestPage({ ...shown, refused }), error.details.headers);
      }
    },
  });

/** What a form says, as a decision has it; fields that were left empty say nothing. */
export function saidIn(form: z.infer<typeof DecisionForm>, { spec }: Pick<KnownRequest, 'spec'>) {
  const { verdict } = form;
  const text = (field: string | undefined): string | undefined =>
    field === undefined || field.trim() === '' ? undefined : field.trim().replaceAll('\r\n', '\n');
  const response = verdict === 'Approve' ? answersOf(spec.questions ?? [], form) : undefined;
  return { verdict, reason: text(form.reason), ticket: text(form.ticket), response };
}

async function showing(deps: PageDeps, caller: Caller, headers: Headers, { namespace, name, uid }: KnownRequest): Promise<RequestShown> {
  const [shown, viewer] = await Promise.all([shownTo(deps, caller, { namespace, name, uid }), viewerOf(deps, caller, headers)]);
  if (shown === undefined) throw new Problem(404, 'not-found', 'The request does not exist any more.');
  return { ...shown, viewer, isAsked: await waitsFor(shown.request, caller, deps), formId: randomBytes(16).toString('base64url') };
}

async function viewerOf({ callers, sessions }: PageDeps, { username, proof }: Caller, headers: Headers): Promise<Viewer> {
  const session = proof === 'Session' ? await callers.sessionOf(headers) : undefined;
  return { username, formToken: session === undefined ? undefined : sessions?.formToken(session) };
}
