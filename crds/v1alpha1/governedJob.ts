import { z } from 'zod';
import { Conditions } from './conditions.ts';
import { NamespacedMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { maxProperties, type Rule, unchanged, withRules } from './schemaMarks.ts';
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
  'Rejected',
  'Cancelled',
  'Expired',
] as const;
export type GovernedJobPhase = (typeof governedJobPhases)[number];

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
  })
  .meta(
    withRules({
      rule: unchanged('policyRef'),
      message: 'policyRef cannot be changed, added or removed: cancel this GovernedJob and create another',
      reason: 'FieldValueForbidden',
    }),
  );
export type GovernedJobSpec = z.infer<typeof GovernedJobSpec>;

/** What will run, as it was frozen before approval. */
export const Checkpoint = z.object({
  digest: Digest.describe('The digest of what will run.'),
  capturedAt: Timestamp.describe('When it was frozen.'),
  name: DnsLabel.describe('The name of the checkpoint, such as pre-approval.'),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

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
