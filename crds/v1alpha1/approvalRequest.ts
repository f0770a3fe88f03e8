import { z } from 'zod';
import { Conditions } from './conditions.ts';
import { DecisionVerdict, DecisionVia } from './approvalDecision.ts';
import { NamespacedMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { type Rule, unchanged, withRules } from './schemaMarks.ts';
import { OnRefusal, PolicyKind, PolicyRef, ResolvedStage, Stages } from './stage.ts';
import {
  Digest,
  DnsLabel,
  Duration,
  GroupNames,
  JsonObject,
  ObjectName,
  ReasonCode,
  ReasonText,
  Ticket,
  Timestamp,
  Uid,
  Username,
} from './values.ts';

/** An object of the request's own namespace. */
export const SubjectResource = z
  .object({
    apiVersion: z.enum(['batch/v1', apiVersion]).describe('batch/v1 for a Job, countersign.dev/v1alpha1 for a GovernedJob.'),
    kind: z.enum(['Job', 'GovernedJob']).describe('Job or GovernedJob.'),
    name: ObjectName.describe('The name of the object, which is in the namespace of the request.'),
    uid: Uid.optional().describe('The uid of the object. Filled in at admission when left out.'),
  })
  .meta(
    withRules({
      rule: `self.apiVersion == (self.kind == 'Job' ? 'batch/v1' : '${apiVersion}')`,
      message: `apiVersion and kind do not belong together: expected batch/v1 for a Job, ${apiVersion} for a GovernedJob`,
      messageExpression: `'kind ' + self.kind + ' is not of apiVersion ' + self.apiVersion + ': expected batch/v1 for a Job, ${apiVersion} for a GovernedJob'`,
      fieldPath: '.apiVersion',
    }),
  );
export type SubjectResource = z.infer<typeof SubjectResource>;

/** Something outside the cluster. */
export const SubjectExternal = z.object({
  system: DnsLabel.describe('The system that it is part of, such as temporal or terraform.'),
  id: z.string().min(1).max(256).describe('What the system calls it.'),
  url: z
    .string()
    .max(2048)
    .regex(/^https?:\/\/[^\s]+$/)
    .optional()
    .describe('Where people can look at it, starting with https:// or http://. Shown to approvers; never called.'),
});
export type SubjectExternal = z.infer<typeof SubjectExternal>;

/** What the request is about: exactly one of the two fields. */
export const Subject = z
  .object({
    resource: SubjectResource.optional().describe('An object of this namespace.'),
    external: SubjectExternal.optional().describe('Something outside the cluster.'),
  })
  .meta(
    withRules({
      rule: 'has(self.resource) != has(self.external)',
      message:
        'expected exactly one of resource and external: resource for an object of this namespace, external for anything outside the cluster',
      messageExpression:
        "(has(self.resource) ? 'has both resource and external' : 'has neither resource nor external') + ': expected exactly one, resource for an object of this namespace, external for anything outside the cluster'",
    }),
  );
export type Subject = z.infer<typeof Subject>;

/** Who asked, as the API server saw them. */
export const Requester = z.object({
  username: Username.describe('The user name of the requester.'),
  groups: GroupNames.default([]).describe('The groups of the requester when they asked.'),
});
export type Requester = z.infer<typeof Requester>;

/** A policy that applies to a request. */
export const PolicyRecord = z.object({
  kind: PolicyKind.describe('The kind of the policy.'),
  namespace: DnsLabel.optional().describe('The namespace of the policy; absent for a ClusterApprovalPolicy.'),
  name: ObjectName.describe('The name of the policy.'),
  uid: Uid.describe('The uid of the policy.'),
  generation: z.int().min(0).describe('The generation of the policy that was read.'),
  asSubmitted: z.boolean().describe('True for the policy as it was at submission; false for the policy as it is now.'),
  autoApproves: DnsLabel.optional().describe('The name of the autoApprove rule by which the policy agrees on its own.'),
  timeout: Duration.optional().describe('The longest that the policy lets the request wait.'),
  onRefusal: OnRefusal.describe('What the policy wants done with the work when the request is refused.'),
});
export type PolicyRecord = z.infer<typeof PolicyRecord>;

/** A decision as the request saw it. */
export const DecisionRecord = z.object({
  name: ObjectName.describe('The name of the ApprovalDecision.'),
  verdict: DecisionVerdict.describe('What was decided.'),
  approver: Username.describe('Who decided.'),
  via: DecisionVia.describe('The channel by which the decision came.'),
  reason: ReasonText.optional().describe("The approver's reason."),
  ticket: Ticket.optional().describe("The approver's ticket."),
  time: Timestamp.describe('When the decision was created.'),
  digest: Digest.describe('The digest of what the approver was shown.'),
  counted: z.boolean().describe('Whether the decision counts.'),
  ignoredBecause: ReasonCode.optional().describe('Why the decision does not count, such as DigestChanged.'),
});
export type DecisionRecord = z.infer<typeof DecisionRecord>;

export const requestPhases = [
  'Draft',
  'Submitted',
  'Reviewing',
  'Approved',
  'Applying',
  'Completed',
  'Rejected',
  'Cancelled',
  'Expired',
] as const;
export type RequestPhase = (typeof requestPhases)[number];

const subjectMessage = 'a submitted request stays about its subject: cancel this request and create another for the other subject';

/** What the API server knows of a request's way: from a draft to submitted, never back, and what was submitted stays what it is about. */
const requestRules: Rule[] = [
  {
    rule: `oldSelf.draft || (${unchanged('subject.external')} && has(self.subject.resource) == has(oldSelf.subject.resource))`,
    message: subjectMessage,
    fieldPath: '.subject',
    reason: 'FieldValueForbidden',
  },
  {
    // Only the uid may come later: admission fills it in, and may have been away when the request was created.
    rule:
      'oldSelf.draft || !has(self.subject.resource) || !has(oldSelf.subject.resource) || ' +
      `(${['apiVersion', 'kind', 'name'].map((field) => `self.subject.resource.${field} == oldSelf.subject.resource.${field}`).join(' && ')} && ` +
      '(!has(oldSelf.subject.resource.uid) || (has(self.subject.resource.uid) && self.subject.resource.uid == oldSelf.subject.resource.uid)))',
    message: subjectMessage,
    fieldPath: '.subject',
    reason: 'FieldValueForbidden',
  },
  {
    rule: `oldSelf.draft || (${unchanged('policyRef')})`,
    message: 'a submitted request keeps its policyRef: cancel this request and create another',
    reason: 'FieldValueForbidden',
  },
  {
    rule: '!has(self.stages) || self.stages.all(stage, stage.require.all(requirement, requirement.from.all(who, !has(who.permission))))',
    message:
      "permission means the right to approve a policy, so it is for a policy's stages only: name groups, users or service accounts here",
    fieldPath: '.stages',
  },
];

export const ApprovalRequestSpec = z.object({
  subject: Subject.describe('What the request is about: exactly one of resource and external.'),
  operation: DnsLabel.describe('What is to be done, as one DNS label, such as wire-transfer.'),
  reason: ReasonText.optional().describe('Why it is to be done, in words for the approvers.'),
  ticket: Ticket.optional().describe('The number of the change or issue that asks for it.'),
  context: JsonObject.optional().describe('Any JSON object with the facts that approvers and policies need.'),
  policyRef: PolicyRef.optional().describe('A policy to apply. Policies that match the request apply all the same.'),
  stages: Stages.optional().describe('Stages that the requester asks for, in addition to those of the policies.'),
  timeout: Duration.optional().describe('The longest that the request may wait, such as 48h. Policies may make it shorter.'),
  draft: z
    .boolean()
    .default(false)
    .meta(
      withRules({
        rule: 'oldSelf || !self',
        message:
          'a submitted request cannot become a draft again: set draft back to false, or set cancelled to true and create another request',
        reason: 'FieldValueForbidden',
      }),
    )
    .describe('True keeps the request as a draft: nobody is asked. Set it to false to submit; there is no way back.'),
  cancelled: z
    .boolean()
    .default(false)
    .meta(
      withRules({
        rule: '!oldSelf || self',
        message: 'a cancelled request stays cancelled: set cancelled back to true, and create another request',
        reason: 'FieldValueForbidden',
      }),
    )
    .describe('True cancels the request; there is no way back.'),
});
export type ApprovalRequestSpec = z.infer<typeof ApprovalRequestSpec>;

export const ApprovalRequestStatus = z.object({
  phase: z.enum(requestPhases).describe('Where the request stands, derived from the conditions.'),
  observedGeneration: z.int().min(0).describe('The metadata.generation that this status was computed from.'),
  requester: Requester.optional().describe('Who asked, as the API server saw them.'),
  subjectDigest: Digest.optional().describe('The digest of what would run and of what is claimed about it. Decisions bind to it.'),
  submittedAt: Timestamp.optional().describe('When the request was submitted.'),
  expiresAt: Timestamp.optional().describe('When the request expires unless it is settled before.'),
  approvals: z.string().max(16).optional().describe('Approvals given and required over all stages, such as 2/3.'),
  policies: z.array(PolicyRecord).max(64).default([]).describe('The policies that apply.'),
  stages: z.array(ResolvedStage).max(64).default([]).describe('The stages, in order, each with where it stands.'),
  decisions: z.array(DecisionRecord).max(100).default([]).describe('The last 100 decisions, oldest first.'),
  conditions: Conditions.default([]).describe(
    'Valid, PolicyMatched, Approved, Released, Completed, Settled, Ready, Reconciling and Stalled, in the standard Kubernetes form.',
  ),
});
export type ApprovalRequestStatus = z.infer<typeof ApprovalRequestStatus>;

/** Asks for a yes or no on one subject. */
export const ApprovalRequest = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ApprovalRequest'),
  metadata: NamespacedMeta,
  spec: ApprovalRequestSpec.meta(withRules(...requestRules)).describe('What is asked. Written by the requester.'),
  status: ApprovalRequestStatus.optional().describe('What has come of it. Written by the operator alone.'),
});
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;
