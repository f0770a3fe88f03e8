import { z } from 'zod';
import { ApprovalDecisionSpec, JsonObject } from '../../../../crds/v1alpha1/index.ts';
import { present } from '../../../../operator/core/present.ts';
import type { Caller } from '../../callers/caller.ts';
import { linkToNext } from '../../http/nextPage.ts';
import { Problem } from '../../http/problem.ts';
import { route, type Route } from '../../http/route.ts';
import { outcomeOf, type KnownRequest, type Outcome } from '../../requests.ts';
import { relayDecision } from '../deciding.ts';
import type { RequestDeps } from '../deps.ts';
import { findEither, findRequest } from '../finding.ts';
import { digitsUpTo, requestsFor } from '../requestList.ts';
import { timesOf } from './times.ts';

const tag = 'Compatibility';
const params = z.object({ id: z.string().min(1).max(64).describe('The id of the request.') });
const said = ApprovalDecisionSpec.shape;
const statuses = ['PENDING', 'APPROVED', 'REJECTED', 'CANCELLED', 'EXPIRED'] as const;
type Status = (typeof statuses)[number];

const ApprovalView = z
  .object({
    id: z.string(),
    workflow_id: z.string().optional().describe('The uid of the work that it releases.'),
    status: z.enum(statuses),
    requester_id: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Approval', description: 'A request, as the path /approvals has it.' });

const statusOf = (outcome: Outcome): Status => outcome.toUpperCase() as Status;

function approvalView(request: KnownRequest): z.infer<typeof ApprovalView> {
  const { uid, governs, requester } = request;
  return {
    id: uid,
    status: statusOf(outcomeOf(request)),
    requester_id: requester.username,
    ...timesOf(request),
    ...present({ workflow_id: governs }),
  };
}

/** Deciding, and looking at what is to be decided, by the paths of other systems. */
export const approvalAliases = (deps: RequestDeps): Route[] => [approveAlias(deps), patchAlias(deps), listAlias(deps), respondAlias(deps)];

const approveAlias = (deps: RequestDeps): Route =>
  route({
    method: 'post',
    path: '/api/approve',
    tag,
    access: 'caller',
    idempotent: true,
    decides: true,
    summary: 'Decides on an execution: POST /v1/requests/{id}/decisions.',
    body: z.strictObject({
      execution_id: z.string().min(1).max(64).describe('The id of an execution, or of a request.'),
      approved: z.boolean(),
      approver: z.string().max(512).optional().describe('Who decides: the caller. Nobody decides for somebody else.'),
      reason: said.reason,
    }),
    answers: {
      200: {
        description: 'It is decided.',
        schema: z.object({ status: z.literal('recorded'), execution_id: z.string(), decision: z.enum(['approved', 'rejected']) }),
      },
    },
    handle: async ({ caller, body: { execution_id, approved, approver, reason }, headers }) => {
      refuseOthers(caller, approver);
      const request = await findEither(deps, caller, execution_id);
      const verdict = approved ? 'Approve' : 'Reject';
      await relayDecision(deps, caller, [{ request }], { verdict, reason, key: headers['idempotency-key'] });
      return { status: 200, body: { status: 'recorded', execution_id, decision: approved ? 'approved' : 'rejected' } };
    },
  });

function refuseOthers({ username }: Caller, approver: string | undefined): void {
  if (approver === undefined || approver === username) return;
  throw new Problem(403, 'not-you', `body.approver: is "${approver}", but you are "${username}"; leave the field out.`);
}

const patchAlias = (deps: RequestDeps): Route =>
  route({
    method: 'patch',
    path: '/approvals/{id}',
    tag,
    access: 'caller',
    idempotent: true,
    decides: true,
    summary: 'Decides on a request: POST /v1/requests/{id}/decisions.',
    params,
    body: z.strictObject({ status: z.enum(['APPROVED', 'REJECTED']), reason: said.reason }),
    answers: { 200: { description: 'It is decided; whether that was enough, its status says.', schema: ApprovalView } },
    handle: async ({ caller, params: { id }, body: { status, reason }, headers }) => {
      const request = await findRequest(deps, caller, id);
      const verdict = status === 'APPROVED' ? 'Approve' : 'Reject';
      await relayDecision(deps, caller, [{ request }], { verdict, reason, key: headers['idempotency-key'] });
      return { status: 200, body: approvalView(deps.known.requests.byUid(id) ?? request) };
    },
  });

const listAlias = (deps: RequestDeps): Route =>
  route({
    method: 'get',
    path: '/approvals',
    tag,
    access: 'caller',
    summary: 'The requests that the caller may see, newest first: GET /v1/requests.',
    description: 'The header Link leads to the next page.',
    query: z.strictObject({
      status: z.enum(statuses).optional(),
      limit: digitsUpTo(500).optional(),
      cursor: z.string().max(256).optional(),
    }),
    answers: { 200: { description: 'A page of them.', schema: z.array(ApprovalView) } },
    handle: async ({ caller, query: { status, limit, cursor } }) => {
      const outcome = status === undefined ? undefined : ((status.charAt(0) + status.slice(1).toLowerCase()) as Outcome);
      const { requests, next } = await requestsFor(deps, caller, { outcome, limit, cursor });
      const headers = linkToNext('/approvals', next === undefined ? undefined : { status, limit, cursor: next });
      return { status: 200, body: requests.map(approvalView), headers };
    },
  });

const respondAlias = (deps: RequestDeps): Route =>
  route({
    method: 'post',
    path: '/api/v1/requests/{id}/respond',
    tag,
    access: 'caller',
    idempotent: true,
    decides: true,
    summary: 'Answers a request, which approves it: POST /v1/requests/{id}/decisions.',
    params,
    body: z.strictObject({
      response: JsonObject.optional().describe('Answers to the questions of the request, by their names.'),
      approved: z.boolean().optional().describe('false rejects the request; true when left out.'),
      reason: said.reason,
    }),
    answers: {
      200: {
        description: 'It is answered.',
        schema: z.object({ id: z.string(), state: z.literal('responded'), response: JsonObject.optional() }),
      },
    },
    handle: async ({ caller, params: { id }, body: { response, approved = true, reason }, headers }) => {
      const request = await findRequest(deps, caller, id);
      const verdict = approved ? 'Approve' : 'Reject';
      await relayDecision(deps, caller, [{ request }], { verdict, reason, response, key: headers['idempotency-key'] });
      return { status: 200, body: { id, state: 'responded', ...present({ response }) } };
    },
  });
