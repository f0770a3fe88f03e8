import type { GovernedJobStatus } from '../../../crds/v1alpha1/index.ts';
import type { CallOwed } from '../../core/governedJobFacts.ts';
import type { GovernedJobRecord } from '../records.ts';

/** What an action sends: what its author wrote, and, under a name that nobody else can use, what the operator knows of the GovernedJob. */
export function payloadOf(governedJob: GovernedJobRecord, status: GovernedJobStatus, { action, attempt }: CallOwed): string {
  const { namespace, name, uid, spec, requester } = governedJob;
  const written = (action.stage === 'Pre' ? spec.preActions : spec.postActions)?.find((a) => a.name === action.name)?.http?.body;
  const completed = status.conditions.find((c) => c.type === 'Completed' && c.status === 'True');
  const known = {
    namespace,
    name,
    uid,
    requester: requester.username,
    operation: spec.operation,
    reason: spec.reason,
    ticket: spec.ticket,
    parameters: spec.parameters,
    action: { stage: action.stage, name: action.name, attempt },
    approvalRequest: status.approvalRequest?.name,
    job: status.job?.name,
    result: completed === undefined ? undefined : { succeeded: completed.reason === 'Succeeded', message: completed.message },
    rollback: status.actions?.find((a) => a.stage === 'Rollback')?.state,
    outputs: status.outputs,
  };
  return JSON.stringify({ ...written, governedJob: known });
}
