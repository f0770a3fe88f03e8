import { z } from 'zod';
import { callbackFields } from './callback.ts';
import { Conditions } from './conditions.ts';
import { NamespacedMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { listMap, maxProperties, type Rule, unchanged, withRules } from './schemaMarks.ts';
import { PolicyRef } from './stage.ts';
import { Digest, DnsLabel, Duration, JsonObject, ObjectName, ReasonText, Ticket, Timestamp, Uid } from './values.ts';

const withoutOurMarks = (what: string): { maxProperties: number; 'x-kubernetes-validations': Rule[] } => ({
  ...maxProperties(64),
  ...withRules({
    rule: "self.all(key, !key.startsWith('countersign.dev/') && !key.startsWith('policy.countersign.dev/'))",
    message: `${what} of countersign.dev are the operator's to set: remove them; operation, reason, ticket and parameters are fields of spec`,
    reason: 'FieldValueForbidden',
  }),
});

/** The Job to be run: a batch/v1 JobTemplateSpec. */
export const JobTemplate = z.object({
  metadata: z
    .object({
      labels: z.record(z.string(), z.string().max(63)).meta(withoutOurMarks('labels')).optional().describe('Labels for the Job.'),
      annotations: z
        .record(z.string(), z.string().max(262144))
        .meta(withoutOurMarks('annotations'))
        .optional()
        .describe('Annotations for the Job.'),
    })
    .optional()
    .describe('Labels and annotations for the Job.'),
  spec: JsonObject.describe(
    'The spec of the Job, as in batch/v1. The Job is created suspended at once, so a wrong one is refused at once.',
  ),
});
export type JobTemplate = z.infer<typeof JobTemplate>;

export const governedJobPhases = [
  'Pending',
  'Validating',
  'AwaitingApproval',
  'Running',
  'Succeeded',
  'Failed',
  'RollingBack',
  'RolledBack',
  'Rejected',
  'Cancelled',
  'Expired',
] as const;
export type GovernedJobPhase = (typeof governedJobPhases)[number];

/** A call over HTTP, signed by the operator. */
export const HttpCall = z.object({
  url: z
    .string()
    .max(2048)
    .regex(/^https:\/\/[^\s]+$/)
    .describe('What is called, starting with https://. Only what the administrator of the operator allows.'),
  body: JsonObject.optional().describe('What is sent, as JSON, with what is known of the GovernedJob added under the name governedJob.'),
});
export type HttpCall = z.infer<typeof HttpCall>;

/** Something that is done before or after the Job: exactly one of the two. */
export const Action = z
  .object({
    name: DnsLabel.describe('The name of the action, unique within its list.'),
    jobTemplate: JobTemplate.optional().describe('A Job to be run. Policies govern it like any other.'),
    http: HttpCall.optional().describe('A call over HTTP.'),
    retries: z
      .int()
      .min(0)
      .max(10)
      .default(0)
      .describe('How often a failed call is tried again, or a failed Job made anew; what policies refused is not.'),
    timeout: Duration.default('1h').describe('How long it may take, all retries and the approval of its Job included.'),
  })
  .meta(
    withRules({
      rule: 'has(self.jobTemplate) != has(self.http)',
      message: 'expected exactly one of jobTemplate and http: make each of them an action of its own',
    }),
  );
export type Action = z.infer<typeof Action>;

export const GovernedJobSpec = z
  .object({
    operation: DnsLabel.describe('What is to be done, as one DNS label, such as db-migration.'),
    parameters: JsonObject.optional().describe(
      'Any JSON object. Approvers see it, and containers get it as the environment variable COUNTERSIGN_PARAMETERS.',
    ),
    reason: ReasonText.optional().describe('Why it is to be done, in words for the approvers.'),
    ticket: Ticket.optional().describe('The number of the change or issue that asks for it.'),
    policyRef: PolicyRef.optional().describe('A policy to apply. Policies that match apply all the same.'),
    timeout: Duration.optional().describe('The longest that the approval may take, such as 48h. Policies may make it shorter.'),
    jobTemplate: JobTemplate.describe('The Job to be run once it is approved.'),
    preActions: z
      .array(Action)
      .max(8)
      .meta(listMap('name'))
      .optional()
      .describe('What is done before anybody is asked, one after the other. If one fails, so does the GovernedJob.'),
    postActions: z
      .array(Action)
      .max(8)
      .meta(listMap('name'))
      .optional()
      .describe('What is done after the Job and its rollback have ended, one after the other.'),
    rollback: z
      .object({ jobTemplate: JobTemplate.describe('The Job to be run.') })
      .optional()
      .describe('What is run when the Job has failed. It is approved along with the Job.'),
    cancelled: z
      .boolean()
      .default(false)
      .meta(
        withRules({
          rule: '!oldSelf || self',
          message: 'a cancelled GovernedJob stays cancelled: set cancelled back to true, and create another one',
          reason: 'FieldValueForbidden',
        }),
      )
      .describe('True cancels it, and ends the Job if it runs; there is no way back.'),
    ...callbackFields,
  })
  .meta(
    withRules(
      {
        rule: unchanged('policyRef'),
        message: 'policyRef cannot be changed, added or removed: cancel this GovernedJob and create another',
        reason: 'FieldValueForbidden',
      },
      {
        rule: `${unchanged('callback')} && ${unchanged('checkpoint')}`,
        message: 'callback and checkpoint cannot be changed, added or removed: cancel this GovernedJob and create another',
        reason: 'FieldValueForbidden',
      },
    ),
  );
export type GovernedJobSpec = z.infer<typeof GovernedJobSpec>;

/** What will run, as it was frozen before approval. */
export const Checkpoint = z.object({
  digest: Digest.describe('The digest of what will run.'),
  capturedAt: Timestamp.describe('When it was frozen.'),
  name: DnsLabel.describe('The name of the checkpoint, such as pre-approval.'),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

export const actionStages = ['Pre', 'Post', 'Rollback'] as const;
export type ActionStage = (typeof actionStages)[number];

export const actionStates = ['Waiting', 'Running', 'Succeeded', 'Failed'] as const;

/** How far an action is. */
export const ActionStatus = z.object({
  name: DnsLabel.describe('The name of the action.'),
  stage: z.enum(actionStages).describe('Before the Job, after it, or its rollback.'),
  digest: Digest.describe('The digest of what it does, parameters included: an action that is edited is another one.'),
  state: z.enum(actionStates).describe('Waiting, Running, Succeeded or Failed.'),
  attempts: z.int().min(0).max(11).default(0).describe('How often it was tried.'),
  job: z
    .object({ name: ObjectName.describe('The name of the Job.'), uid: Uid.describe('The uid of the Job.') })
    .optional()
    .describe('The Job of the last attempt.'),
  message: z.string().max(1024).optional().describe('What came of it.'),
  startedAt: Timestamp.optional().describe('When it was first tried.'),
  nextAttemptAt: Timestamp.optional().describe('When a call that failed is tried again.'),
  endedAt: Timestamp.optional().describe('When it ended.'),
});
export type ActionStatus = z.infer<typeof ActionStatus>;

export const GovernedJobStatus = z.object({
  phase: z.enum(governedJobPhases).describe('Where the job stands, derived from the conditions.'),
  observedGeneration: z.int().min(0).describe('The metadata.generation that this status was computed from.'),
  executionId: Uid.optional().describe('The uid of this object, which names this execution.'),
  approvalRequest: z
    .object({ name: ObjectName.describe('The name of the ApprovalRequest.') })
    .optional()
    .describe('The request by which approval is asked for.'),
  job: z
    .object({ name: ObjectName.describe('The name of the Job.'), uid: Uid.describe('The uid of the Job.') })
    .optional()
    .describe('The Job, created suspended and owned by this object.'),
  checkpoint: Checkpoint.optional().describe('What will run, as it was frozen.'),
  actions: z.array(ActionStatus).max(17).optional().describe('How far the actions and the rollback are.'),
  outputs: JsonObject.optional().describe("What the Job's container wrote as its termination message, where that is a JSON object."),
  startedAt: Timestamp.optional().describe('When the Job was released.'),
  completedAt: Timestamp.optional().describe('When the Job ended, or when it was settled that it will not run.'),
  conditions: Conditions.default([]).describe('Approved, Completed, Ready, Reconciling and Stalled, in the standard Kubernetes form.'),
});
export type GovernedJobStatus = z.infer<typeof GovernedJobStatus>;

/** A Job that runs only after policy and people allow it. */
export const GovernedJob = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('GovernedJob'),
  metadata: NamespacedMeta,
  spec: GovernedJobSpec.describe('What is to be run. Written by the requester.'),
  status: GovernedJobStatus.optional().describe('What has come of it. Written by the operator alone.'),
});
export type GovernedJob = z.infer<typeof GovernedJob>;
