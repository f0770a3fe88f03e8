import { z } from 'zod';
import { GovernedJobSpec, GovernedJobStatus, Requester } from '../../../crds/v1alpha1/index.ts';
import { present } from '../../../operator/core/present.ts';
import type { KnownExecution } from '../executions.ts';

const spec = GovernedJobSpec.shape;
const status = GovernedJobStatus.shape;

/** A GovernedJob as callers see it. */
export const ExecutionView = z
  .object({
    id: z.string().describe('The uid of the GovernedJob.'),
    namespace: z.string().describe('Its namespace.'),
    name: z.string().describe('Its name there.'),
    createdAt: z.string().describe('When it was created.'),
    phase: z.string().describe('Where it stands; New until the operator has seen it.'),
    message: z.string().optional().describe('Why, in words.'),
    requester: Requester.describe('Who asked for it.'),
    via: z.string().optional().describe('The channel by which they asked, when it was not kubectl.'),
    labels: z.record(z.string(), z.string()).describe('Its labels.'),
    operation: spec.operation,
    parameters: spec.parameters,
    reason: spec.reason,
    ticket: spec.ticket,
    request: z.string().optional().describe('The id of the request by which approval is asked for.'),
    job: status.job,
    outputs: status.outputs,
    startedAt: status.startedAt,
    completedAt: status.completedAt,
    conditions: status.conditions,
  })
  .meta({ id: 'Execution', description: 'A GovernedJob as callers see it.' });

/** What callers are shown of a GovernedJob. `request`: the uid of its ApprovalRequest. */
export function executionView(execution: KnownExecution, request: string | undefined): z.infer<typeof ExecutionView> {
  const { uid, namespace, name, createdAt, requester, via, labels, spec: asked, status: stands } = execution;
  const { operation, parameters, reason, ticket } = asked;
  const { job, outputs, startedAt, completedAt } = stands ?? {};
  const message = stands?.conditions.find(({ type }) => type === 'Ready')?.message;
  return {
    id: uid,
    namespace,
    name,
    createdAt,
    phase: stands?.phase ?? 'New',
    requester,
    labels: { ...labels },
    operation,
    conditions: stands?.conditions ?? [],
    ...present({ message, via, parameters, reason, ticket, request, job, outputs, startedAt, completedAt }),
  };
}
