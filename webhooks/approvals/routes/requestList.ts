import { z } from 'zod';
import { approvalRequests, requestPhases } from '../../../crds/v1alpha1/index.ts';
import { fitsSelector } from '../../../operator/kube/selector.ts';
import type { Caller } from '../callers/caller.ts';
import { Problem } from '../http/problem.ts';
import { route, type Route } from '../http/route.ts';
import { outcomeOf, outcomes, type KnownRequest } from '../requests.ts';
import { waitingFor } from '../waitingFor.ts';
import type { RequestDeps } from './deps.ts';
import { filtered, firstOf, listable, newestFirst, type Place } from './listing.ts';
import { requestView, RequestView } from './requestView.ts';

/** A whole number from 1 on in a query. */
export const digitsUpTo = (most: number) =>
  z
    .string()
    .regex(/^[0-9]{1,4}$/, `expected a whole number from 1 to ${most}`)
    .transform(Number)
    .refine((n) => n >= 1 && n <= most, `expected a whole number from 1 to ${most}`)
    // A query has text alone, but whoever reads the document is better told what it means.
    .meta({
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: 'integer', minimum: 1, maximum: most });
      },
    });

/** Which requests, and how many at a time. */
export const ListQuery = z.strictObject({
  namespace: z.string().max(63).optional().describe('Only those of this namespace.'),
  phase: z.enum(requestPhases).optional().describe('Only those in this phase.'),
  outcome: z.enum(outcomes).optional().describe('Only those of this outcome; Pending: those that are open.'),
  requester: z.string().max(512).optional().describe('Only those that this user asked for.'),
  operation: z.string().max(63).optional().describe('Only those of this operation.'),
  mine: z
    .enum(['true', 'false'])
    .optional()
    .describe(
      "true: only those that wait for the caller's vote, for themselves or in somebody's stead; conditions of delegations are not looked at.",
    ),
  labelSelector: z.string().max(1024).optional().describe('Only those with these labels: `team=payments,!draft`; without in and notin.'),
  limit: digitsUpTo(500).optional().describe('How many at most; 100 when left out.'),
  cursor: z.string().max(256).optional().describe('Where the page before ended: its `next`.'),
});
export type ListQuery = z.infer<typeof ListQuery>;

export const ListView = z
  .object({
    items: z.array(RequestView).describe('The newest first.'),
    next: z.string().optional().describe('The cursor of the page after this one; absent on the last.'),
  })
  .meta({ id: 'RequestList', description: 'A page of requests.' });

const defaultLimit = 100;

/** Lists requests. */
export const listRoute = (deps: RequestDeps): Route =>
  route({
    method: 'get',
    path: '/v1/requests',
    tag: 'Requests',
    access: 'caller',
    summary: 'The requests that the caller may see, newest first.',
    query: ListQuery,
    answers: { 200: { description: 'A page of them.', schema: ListView } },
    handle: async ({ caller, query }) => ({ status: 200, body: await listPage(deps, caller, query) }),
  });

/** One page of what the caller may see. What comes while they turn the pages shifts none of them. */
export async function listPage(deps: RequestDeps, caller: Caller, query: ListQuery): Promise<z.infer<typeof ListView>> {
  const { requests, next } = await requestsFor(deps, caller, query);
  return { items: requests.map(requestView), ...(next === undefined ? {} : { next }) };
}

/** The same, of requests as the service knows them. */
export async function requestsFor(
  deps: RequestDeps,
  caller: Caller,
  query: ListQuery,
): Promise<{ readonly requests: readonly KnownRequest[]; readonly next?: string | undefined }> {
  const { limit = defaultLimit, cursor } = query;
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const fitting = [...deps.known.requests.list()]
    .filter((request) => fits(request, query) && (after === undefined || newestFirst(after, request) < 0))
    .sort(newestFirst);
  const seen = listable(deps, caller, approvalRequests, fitting);
  const { page, isLast } = await firstOf(query.mine === 'true' ? filtered(seen, waitingFor(caller, deps)) : seen, limit);
  const last = page.at(-1);
  return { requests: page, next: isLast || last === undefined ? undefined : writeCursor(last) };
}

function fits(request: KnownRequest, { namespace, phase, outcome, requester, operation, labelSelector }: ListQuery): boolean {
  return (
    (namespace === undefined || request.namespace === namespace) &&
    (phase === undefined || request.status?.phase === phase) &&
    (outcome === undefined || outcomeOf(request) === outcome) &&
    (requester === undefined || request.requester.username === requester) &&
    (operation === undefined || request.spec.operation === operation) &&
    (labelSelector === undefined || fitsLabels(labelSelector, request))
  );
}

function fitsLabels(selector: string, { labels }: KnownRequest): boolean {
  const does = fitsSelector(selector, labels);
  if (does !== undefined) return does;
  throw new Problem(
    422,
    'invalid',
    `query.labelSelector: is "${selector}"; expected parts such as team=payments, team!=payments, team and !team, separated by commas.`,
  );
}

const writeCursor = ({ createdAt, uid }: Place): string => Buffer.from(`${createdAt} ${uid}`).toString('base64url');

function readCursor(cursor: string): Place {
  const [createdAt, uid, ...more] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  if (createdAt !== undefined && uid !== undefined && more.length === 0 && /^\d{4}-\d\d-\d\dT[\d:]+Z$/.test(createdAt))
    return { createdAt, uid };
  throw new Problem(422, 'invalid', 'query.cursor: is none that a list gave; expected the `next` of the page before, or leave it out.');
}
