import { z } from 'zod';
import { route, type Route } from '../http/route.ts';
import type { RequestDeps } from './deps.ts';
import { executionView, ExecutionView } from './executionView.ts';
import { findExecution } from './finding.ts';
import { heldAnswer, wantedWait } from './holding.ts';
import { awaitedExecution, requestOf } from './requests.ts';

/** Looking at GovernedJobs. */
export const executionRoutes = (deps: RequestDeps): Route[] => [
  route({
    method: 'get',
    path: '/v1/executions/{id}',
    tag: 'Executions',
    access: 'caller',
    summary: 'A GovernedJob as it stands, with its outputs once it has ended.',
    description: '`Prefer: wait=N` holds the call until it is decided whether it runs.',
    params: z.object({ id: z.string().min(1).max(64).describe('The id of the execution: the uid of the GovernedJob.') }),
    answers: {
      200: { description: 'The execution.', schema: ExecutionView },
      202: { description: 'With `Prefer: wait=N`: it is not decided yet.', schema: ExecutionView },
    },
    handle: async ({ caller, params: { id }, headers, signal }) => {
      const execution = await findExecution(deps, caller, id);
      const seconds = wantedWait(headers);
      if (seconds === undefined) return { status: 200, body: executionView(execution, requestOf(deps, execution)) };
      return heldAnswer(deps, { caller, headers, signal }, seconds, awaitedExecution(deps, id, undefined));
    },
  }),
];
