import { z } from 'zod';
import {
  ApprovalDecisionSpec,
  ApprovalRequestSpec,
  GovernedJobSpec,
  JobTemplate,
  Action,
  type ApprovalRequestSpec as RequestSpec,
  type GovernedJobSpec as JobSpec,
} from '../../../crds/v1alpha1/index.ts';
import { mostContextBytes } from '../../../operator/core/subject.ts';
import { present } from '../../../operator/core/present.ts';
import { Digest, DnsLabel, ObjectName } from '../../../crds/v1alpha1/values.ts';

const asked = ApprovalRequestSpec.shape;
const job = GovernedJobSpec.shape;
const decided = ApprovalDecisionSpec.shape;

const labels = z
  .record(z.string().max(317), z.string().max(63))
  .optional()
  .describe('Labels for the object; those of countersign.dev are for the operator to set.');

/** What is asked for: a yes to a subject, or a GovernedJob to be run once it is approved. */
export const CreateBody = z
  .strictObject({
    namespace: DnsLabel.describe('The namespace to ask in.'),
    name: ObjectName.optional().describe('The name of the object; one is made when it is left out.'),
    labels,
    subject: asked.subject.optional().describe('What the request is about. This or governedJob.'),
    governedJob: z
      .strictObject({
        jobTemplate: JobTemplate.describe('The Job to be run: a batch/v1 JobTemplateSpec.'),
        preActions: z.array(Action).max(8).optional().describe('What is done before anybody is asked.'),
        postActions: z.array(Action).max(8).optional().describe('What is done after the Job has ended.'),
        rollback: job.rollback,
      })
      .optional()
      .describe('Work to be run once it is approved. This or subject.'),
    operation: asked.operation,
    reason: asked.reason,
    ticket: asked.ticket,
    context: asked.context.describe('Any JSON object with the facts that approvers and policies need; the parameters of a GovernedJob.'),
    policyRef: asked.policyRef,
    stages: asked.stages,
    questions: asked.questions,
    callback: asked.callback,
    checkpoint: asked.checkpoint,
    timeout: asked.timeout.describe(
      'The longest it may wait for people, such as 48h. Up to 60s, and without a Prefer header, the call itself waits so long.',
    ),
  })
  .superRefine(({ subject, governedJob, stages, questions, context }, refinement) => {
    const issue = (field: string, message: string): void => refinement.addIssue({ code: 'custom', path: [field], message });
    const size = context === undefined ? 0 : Buffer.byteLength(JSON.stringify(context));
    if (size > mostContextBytes) issue('context', `has ${size} bytes as JSON; expected ${mostContextBytes} at most`);
    if ((subject === undefined) === (governedJob === undefined)) issue('subject', 'expected exactly one of subject and governedJob');
    if (governedJob !== undefined && stages !== undefined) issue('stages', 'goes with subject alone; policies say whom a GovernedJob asks');
    if (governedJob !== undefined && questions !== undefined) issue('questions', 'goes with subject alone; leave it out');
  })
  .meta({ id: 'CreateRequest', description: 'What is asked for.' });
export type CreateBody = z.infer<typeof CreateBody>;

/** The spec of the ApprovalRequest that a body asks for. */
export function requestSpec(body: CreateBody) {
  const { subject, operation, reason, ticket, context, policyRef, stages, questions, timeout, callback, checkpoint } = body;
  return present({ subject, operation, reason, ticket, context, policyRef, stages, questions, timeout, callback, checkpoint }) as Pick<
    RequestSpec,
    'operation'
  >;
}

/** The spec of the GovernedJob that a body asks for. */
export function governedJobSpec(body: CreateBody) {
  const { governedJob, operation, reason, ticket, context, policyRef, timeout, callback, checkpoint } = body;
  const spec = { ...governedJob, operation, reason, ticket, parameters: context, policyRef, timeout, callback, checkpoint };
  return present(spec) as Pick<JobSpec, 'operation'>;
}

const decision = {
  verdict: decided.verdict,
  reason: decided.reason,
  ticket: decided.ticket,
  response: decided.response,
  standing: decided.standing,
};

const digest = Digest.optional().describe(
  'What the approver was shown: the digest of the request as it was then. Refused when it has changed since; left out, the decision is about what it is now.',
);

/** A decision on one request. */
export const DecideBody = z
  .strictObject({ ...decision, reassign: decided.reassign, digest })
  .meta({ id: 'Decide', description: 'A decision on one request.' });
export type DecideBody = z.infer<typeof DecideBody>;

/** One decision on several requests of a namespace. */
export const BatchBody = z
  .strictObject({
    ...decision,
    requests: z
      .array(z.strictObject({ id: z.string().min(1).max(64).describe('The id of the request.'), digest }))
      .min(1)
      .max(100)
      .describe('The requests, all of one namespace: all are decided, or none.'),
  })
  .meta({ id: 'Batch', description: 'One decision on several requests.' });
export type BatchBody = z.infer<typeof BatchBody>;

/** What is told of a decision that was written. */
export const DecisionView = z
  .object({
    name: z.string().describe('The name of the ApprovalDecision.'),
    namespace: z.string().describe('Its namespace.'),
    verdict: decided.verdict,
    approver: z.string().describe('Who decided.'),
    requests: z.array(z.string()).describe('The ids of the requests that it is about.'),
  })
  .meta({ id: 'Decision', description: 'A decision that was written. Whether it counts, each request says.' });
