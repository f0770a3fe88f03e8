import { z } from 'zod';
import { GovernedJobSpec, governedJobs, JobTemplate, JsonObject } from '../../../../crds/v1alpha1/index.ts';
import { DnsLabel } from '../../../../crds/v1alpha1/values.ts';
import { present } from '../../../../operator/core/present.ts';
import type { Caller } from '../../callers/caller.ts';
import type { KnownExecution } from '../../executions.ts';
import { route, type Route } from '../../http/route.ts';
import { createGovernedJob } from '../../relay/create.ts';
import type { RequestDeps } from '../deps.ts';
import { findExecution } from '../finding.ts';
import { listable, newestFirst } from '../listing.ts';
import { governedJobSpec } from '../requestBodies.ts';
import { madeExecution, pathOfExecution } from '../requests.ts';
import { timesOf } from './times.ts';

const tag = 'Compatibility';
const spec = GovernedJobSpec.shape;

/** How the phases of a GovernedJob are called there. */
const statuses: Readonly<Record<string, string>> = {
  New: 'pending',
  Pending: 'pending',
  Validating: 'pending',
  AwaitingApproval: 'pending_approval',
  Running: 'running',
  Succeeded: 'completed',
  Failed: 'failed',
  RollingBack: 'rolling_back',
  RolledBack: 'rolled_back',
  Rejected: 'rejected',
  Cancelled: 'cancelled',
  Expired: 'expired',
};
const statusOf = ({ status }: KnownExecution): string => statuses[status?.phase ?? 'New'] ?? 'pending';

const ExecutionStatus = z
  .object({
    execution_id: z.string(),
    status: z.enum([...new Set(Object.values(statuses))]),
    function_name: z.string(),
    started_at: z.string().nullable(),
    completed_at: z.string().nullable(),
    outputs: JsonObject.nullable(),
    approval_required: z.boolean(),
  })
  .meta({ id: 'ExecutionStatus', description: 'A GovernedJob, as the path /api/executions has it.' });

const Workflow = z
  .object({ id: z.string(), name: z.string(), status: z.string(), created_at: z.string(), updated_at: z.string() })
  .meta({ id: 'Workflow', description: 'A GovernedJob, as the path /workflows has it.' });

/** Running work, and looking at it, by the paths of other systems. */
export const executionAliases = (deps: RequestDeps): Route[] => [statusAlias(deps), workflowsAlias(deps), executeAlias(deps)];

const statusAlias = (deps: RequestDeps): Route =>
  route({
    method: 'get',
    path: '/api/executions/{id}',
    tag,
    access: 'caller',
    summary: 'An execution as it stands: GET /v1/executions/{id}.',
    params: z.object({ id: z.string().min(1).max(64).describe('The id of the execution.') }),
    answers: { 200: { description: 'The execution.', schema: ExecutionStatus } },
    handle: async ({ caller, params: { id } }) => {
      const execution = await findExecution(deps, caller, id);
      const { startedAt, completedAt, outputs, approvalRequest } = execution.status ?? {};
      const body = {
        execution_id: id,
        status: statusOf(execution),
        function_name: execution.spec.operation,
        started_at: startedAt ?? null,
        completed_at: completedAt ?? null,
        outputs: outputs ?? null,
        approval_required: approvalRequest !== undefined,
      };
      return { status: 200, body };
    },
  });

/** As many as one page of the service's own lists has at most. */
const mostListed = 500;

const workflowsAlias = (deps: RequestDeps): Route =>
  route({
    method: 'get',
    path: '/workflows',
    tag,
    access: 'caller',
    summary: `The newest ${mostListed} GovernedJobs that the caller may see.`,
    answers: { 200: { description: 'The newest first.', schema: z.array(Workflow) } },
    handle: async ({ caller }) => ({ status: 200, body: (await newest(deps, caller)).map(workflow) }),
  });

async function newest(deps: RequestDeps, caller: Caller): Promise<KnownExecution[]> {
  const objects = [...deps.known.executions.list()].sort(newestFirst);
  const seen: KnownExecution[] = [];
  for await (const execution of listable(deps, caller, governedJobs, objects)) {
    if (seen.push(execution) === mostListed) break;
  }
  return seen;
}

const workflow = (execution: KnownExecution): z.infer<typeof Workflow> => ({
  id: execution.uid,
  name: execution.name,
  status: statusOf(execution),
  ...timesOf(execution),
});

const executeAlias = (deps: RequestDeps): Route =>
  route({
    method: 'post',
    path: '/api/v1/automation/execute',
    tag,
    access: 'caller',
    idempotent: true,
    summary: 'Runs work as a GovernedJob, once it is approved: POST /v1/requests.',
    body: z.strictObject({
      namespace: DnsLabel,
      function_name: spec.operation,
      inputs: spec.parameters,
      reason: spec.reason,
      ticket: spec.ticket,
      jobTemplate: JobTemplate,
    }),
    answers: {
      202: {
        description: 'It is under way; Location says where to look.',
        schema: z.object({ execution_id: z.string(), status: z.string() }),
      },
    },
    handle: async ({ caller, body: { namespace, function_name: operation, inputs, reason, ticket, jobTemplate }, headers }) => {
      const asked = present({ operation, context: inputs, reason, ticket }) as { operation: string };
      const job = governedJobSpec({ namespace, ...asked, governedJob: { jobTemplate } });
      const made = await createGovernedJob(deps, caller, { namespace, spec: job, key: headers['idempotency-key'] });
      const answer = madeExecution(deps, made);
      const { uid } = made.metadata;
      return { ...answer, body: { execution_id: uid, status: 'pending' }, headers: { ...answer.headers, location: pathOfExecution(uid) } };
    },
  });
