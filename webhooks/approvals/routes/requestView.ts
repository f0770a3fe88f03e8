import { z } from 'zod';
import { ApprovalRequestSpec, ApprovalRequestStatus, Requester } from '../../../crds/v1alpha1/index.ts';
import { present } from '../../../operator/core/present.ts';
import { outcomeOf, outcomes, type KnownRequest } from '../requests.ts';

const spec = ApprovalRequestSpec.shape;
const status = ApprovalRequestStatus.shape;

/** A request as callers see it. */
export const RequestView = z
  .object({
    id: z.string().describe('The uid of the ApprovalRequest.'),
    namespace: z.string().describe('Its namespace.'),
    name: z.string().describe('Its name there.'),
    createdAt: z.string().describe('When it was created.'),
    phase: z.string().describe('Where it stands; New until the operator has seen it.'),
    outcome: z.enum(outcomes).describe('What has come of it: Pending until it is settled, and for good then.'),
    message: z.string().optional().describe('Why, in words.'),
    requester: Requester.describe('Who asked.'),
    via: z.string().optional().describe('The channel by which they asked, when it was not kubectl.'),
    labels: z.record(z.string(), z.string()).describe('Its labels.'),
    subject: spec.subject,
    operation: spec.operation,
    reason: spec.reason,
    ticket: spec.ticket,
    context: spec.context,
    questions: spec.questions,
    callback: spec.callback,
    checkpoint: spec.checkpoint,
    digest: status.subjectDigest,
    submittedAt: status.submittedAt,
    expiresAt: status.expiresAt,
    approvals: status.approvals,
    risk: status.risk,
    response: status.response,
    stages: status.stages,
    decisions: status.decisions,
    conditions: status.conditions,
  })
  .meta({ id: 'Request', description: 'A request as callers see it.' });

/** What callers are shown of a request. */
export function requestView(request: KnownRequest): z.infer<typeof RequestView> {
  const { uid, namespace, name, createdAt, requester, via, labels, spec: asked, status: stands } = request;
  const { subject, operation, reason, ticket, context, questions, callback, checkpoint } = asked;
  const { subjectDigest, submittedAt, expiresAt, approvals, risk, response } = stands ?? {};
  return {
    id: uid,
    namespace,
    name,
    createdAt,
    phase: stands?.phase ?? 'New',
    outcome: outcomeOf(request),
    requester,
    labels: { ...labels },
    subject,
    operation,
    stages: stands?.stages ?? [],
    decisions: stands?.decisions ?? [],
    conditions: stands?.conditions ?? [],
    ...present({
      message: stands?.conditions.find(({ type }) => type === 'Approved')?.message,
      via,
      reason,
      ticket,
      context,
      questions,
      callback,
      checkpoint,
      digest: subjectDigest,
      submittedAt,
      expiresAt,
      approvals,
      risk,
      response,
    }),
  };
}
