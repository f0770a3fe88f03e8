import type { DecisionRecord } from '../../../crds/v1alpha1/index.ts';
import { present } from '../../../operator/core/present.ts';
import type { KnownExecution } from '../executions.ts';
import { outcomeOf, type KnownRequest } from '../requests.ts';

/** What a callback tells of: that it is settled, or that what was approved has ended. */
export type CallbackEvent = 'Settled' | 'Completed';

/** More than this no receiver should have to read. */
const mostBytes = 256 * 1024;

/** The body of a callback. Written once, so that every attempt sends the same bytes. */
export function callbackBody(event: CallbackEvent, at: number, request: KnownRequest, execution: KnownExecution | undefined): string {
  const told = (request.status?.decisions ?? []).filter(({ counted }) => counted);
  const whole = bodyOf(event, at, request, execution, told.map(decisionOf));
  if (Buffer.byteLength(whole) <= mostBytes) return whole;
  const short = told.map(({ approver, verdict, via, time }) => ({ approver, verdict, via, time }));
  return bodyOf(event, at, request, execution, short, true);
}

function bodyOf(
  event: CallbackEvent,
  at: number,
  request: KnownRequest,
  execution: KnownExecution | undefined,
  decisions: readonly object[],
  isShortened = false,
): string {
  const { uid, namespace, name, requester, spec, status } = request;
  const { phase, outputs, startedAt, completedAt } = execution?.status ?? {};
  return JSON.stringify({
    type: `approval.${event.toLowerCase()}`,
    timestamp: new Date(at).toISOString(),
    data: {
      request: { id: uid, namespace, name, operation: spec.operation, requester: requester.username, ...present({ phase: status?.phase }) },
      outcome: outcomeOf(request),
      ...present({
        message: status?.conditions.find(({ type }) => type === 'Approved')?.message,
        digest: status?.subjectDigest,
        response: isShortened ? undefined : status?.response,
        checkpoint: spec.checkpoint,
      }),
      decisions,
      ...(execution === undefined ? {} : { execution: present({ id: execution.uid, phase, outputs, startedAt, completedAt }) }),
      ...(isShortened ? { truncated: true } : {}),
    },
  });
}

const decisionOf = ({ name, verdict, approver, onBehalfOf, via, reason, ticket, response, time, digest }: DecisionRecord): object => ({
  name,
  verdict,
  approver,
  via,
  time,
  digest,
  ...present({ onBehalfOf, reason, ticket, response }),
});
