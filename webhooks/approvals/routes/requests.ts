import { z } from 'zod';
import { durationMs } from '../../../operator/core/duration.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import type { Caller } from '../callers/caller.ts';
import { isDecided, knownExecution, type KnownExecution } from '../executions.ts';
import { route, type Answer, type Route } from '../http/route.ts';
import { cancel } from '../relay/cancel.ts';
import { createGovernedJob, createRequest } from '../relay/create.ts';
import { isSettled, knownRequest, type KnownRequest } from '../requests.ts';
import { relayDecision } from './deciding.ts';
import type { RequestDeps } from './deps.ts';
import { executionView, ExecutionView } from './executionView.ts';
import { findRequest } from './finding.ts';
import { awaited, heldAnswer, pending, wantedWait, type Awaited } from './holding.ts';
import { BatchBody, CreateBody, DecideBody, DecisionView, governedJobSpec, requestSpec } from './requestBodies.ts';
import { requestView, RequestView } from './requestView.ts';

const tag = 'Requests';
const params = z.object({ id: z.string().min(1).max(64).describe('The id of the request.') });
const held = 'Without a Prefer header';

/** Up to here a request's own timeout is waited for by the call that made it. */
const shortTimeoutSeconds = 60;
/** And so much longer, as the end has to be seen and told once the time is over. */
const untilToldSeconds = 5;

export const pathOfRequest = (uid: string): string => `/v1/requests/${uid}`;
export const pathOfExecution = (uid: string): string => `/v1/executions/${uid}`;

/** Asking, looking, deciding, cancelling. Lists are in requestList.ts. */
export const requestRoutes = (deps: RequestDeps): Route[] => [
  createRoute(deps),
  getRoute(deps),
  decideRoute(deps),
  batchRoute(deps),
  cancelRoute(deps),
];

const createRoute = (deps: RequestDeps): Route =>
  route({
    method: 'post',
    path: '/v1/requests',
    tag,
    access: 'caller',
    idempotent: true,
    summary: 'Asks for an approval, or for work to be run once it is approved.',
    description: `The caller needs the right to create approvalrequests in the namespace; for a GovernedJob also jobs. \`Prefer: wait=N\` holds the call until it is decided. ${held} it is held for the timeout of the request if that is at most ${shortTimeoutSeconds}s.`,
    body: CreateBody,
    answers: {
      200: { description: 'It was decided while the call waited.', schema: z.union([RequestView, ExecutionView]) },
      202: {
        description: 'People are asked; Location says where to look, Retry-After when.',
        schema: z.union([RequestView, ExecutionView]),
      },
    },
    handle: async ({ caller, body, headers }) => {
      const { namespace, name, labels } = body;
      const asked = { namespace, name, labels, key: headers['idempotency-key'] };
      if (body.governedJob !== undefined) {
        const made = await createGovernedJob(deps, caller, { ...asked, spec: governedJobSpec(body) });
        return madeExecution(deps, made);
      }
      const made = await createRequest(deps, caller, { ...asked, spec: requestSpec(body) });
      deps.known.requests.observe(structuredClone(made));
      const request = knownRequest(made);
      return pending(pathOfRequest(request.uid), requestView(request));
    },
    afterwards: (answer, { caller, body, headers, signal }) => {
      const { id } = answer.body as { id: string };
      const timeoutSeconds = body.timeout === undefined ? Infinity : durationMs(body.timeout) / 1000;
      const seconds = wantedWait(headers) ?? (timeoutSeconds <= shortTimeoutSeconds ? timeoutSeconds + untilToldSeconds : 0);
      const made = body.governedJob === undefined ? awaitedRequest(deps, id, answer.body) : awaitedExecution(deps, id, answer.body);
      return heldAnswer(deps, { caller, headers, signal }, seconds, made);
    },
  });

/** Answers with a GovernedJob that was just made. */
export function madeExecution(deps: RequestDeps, made: KubeObject): Answer {
  deps.known.executions.observe(structuredClone(made));
  const execution = knownExecution(made);
  return pending(pathOfExecution(execution.uid), executionView(execution, undefined));
}

/** `made`: how it is shown until the watch has told of it. */
export const awaitedRequest = ({ known }: RequestDeps, uid: string, made: unknown): Awaited =>
  awaited(known.requests, { uid, path: pathOfRequest(uid), isDecided: isSettled, view: requestView, made });

export const awaitedExecution = (deps: RequestDeps, uid: string, made: unknown): Awaited =>
  awaited(deps.known.executions, {
    uid,
    path: pathOfExecution(uid),
    isDecided,
    view: (execution) => executionView(execution, requestOf(deps, execution)),
    made,
  });

/** The id of the request by which a GovernedJob is asked for. */
export function requestOf({ known }: RequestDeps, { namespace, status }: KnownExecution): string | undefined {
  const name = status?.approvalRequest?.name;
  return name === undefined ? undefined : known.requests.get(namespace, name)?.uid;
}

const getRoute = (deps: RequestDeps): Route =>
  route({
    method: 'get',
    path: '/v1/requests/{id}',
    tag,
    access: 'caller',
    summary: 'A request as it stands.',
    description: '`Prefer: wait=N` holds the call until it is settled.',
    params,
    answers: {
      200: { description: 'The request.', schema: RequestView },
      202: { description: 'With `Prefer: wait=N`: it is not settled yet.', schema: RequestView },
    },
    handle: async ({ caller, params: { id }, headers, signal }) => {
      const request = await findRequest(deps, caller, id);
      const seconds = wantedWait(headers);
      if (seconds === undefined) return { status: 200, body: requestView(request) };
      return heldAnswer(deps, { caller, headers, signal }, seconds, awaitedRequest(deps, id, undefined));
    },
  });

const decideRoute = (deps: RequestDeps): Route =>
  route({
    method: 'post',
    path: '/v1/requests/{id}/decisions',
    tag,
    access: 'caller',
    idempotent: true,
    decides: true,
    summary: 'Decides on a request.',
    description: 'The caller needs the right to create approvaldecisions in its namespace. Who could not count is refused, and told why.',
    params,
    body: DecideBody,
    answers: { 201: { description: 'The decision is written.', schema: DecisionView } },
    handle: async ({ caller, params: { id }, body: { digest, ...said }, headers }) => {
      const request = await findRequest(deps, caller, id);
      return relayDecision(deps, caller, [{ request, digest }], { ...said, key: headers['idempotency-key'] });
    },
  });

const batchRoute = (deps: RequestDeps): Route =>
  route({
    method: 'post',
    path: '/v1/batch',
    tag,
    access: 'caller',
    idempotent: true,
    decides: true,
    summary: 'Decides on up to 100 requests of one namespace at once: on all of them, or on none.',
    body: BatchBody,
    answers: { 201: { description: 'The decision on all of them is written.', schema: DecisionView } },
    handle: async ({ caller, body: { requests, ...said }, headers }) => {
      const shown = await Promise.all(requests.map(async ({ id, digest }) => ({ request: await findRequest(deps, caller, id), digest })));
      return relayDecision(deps, caller, shown, { ...said, key: headers['idempotency-key'] });
    },
  });

const cancelRoute = (deps: RequestDeps): Route =>
  route({
    method: 'post',
    path: '/v1/requests/{id}/cancel',
    tag,
    access: 'caller',
    idempotent: true,
    summary: 'Cancels a request.',
    description: 'For its requester, and for whoever has the verb cancel on approvalrequests. There is no way back.',
    params,
    answers: { 200: { description: 'It is cancelled.', schema: RequestView } },
    handle: async ({ caller, params: { id } }) => ({
      status: 200,
      body: requestView(await cancelled(deps, caller, await findRequest(deps, caller, id))),
    }),
  });

async function cancelled(deps: RequestDeps, caller: Caller, request: KnownRequest): Promise<KnownRequest> {
  if (request.spec.cancelled) return request;
  const raw = await cancel(deps, caller, request);
  deps.known.requests.observe(structuredClone(raw));
  return knownRequest(raw);
}
