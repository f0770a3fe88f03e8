import { z } from 'zod';
import { callbackFields } from './callback.ts';
import { Conditions } from './conditions.ts';
import { DecisionVerdict, DecisionVia, Reassignment, Standing } from './approvalDecision.ts';
import { DecisionRules, StandingRule } from './approvalPolicy.ts';
import { NamespacedMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { listMap, listSet, type Rule, unchanged, withRules } from './schemaMarks.ts';
import { OnRefusal, PolicyKind, PolicyRef, RequestedStages, ResolvedStage } from './stage.ts';
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
import { RecurringWindow } from './window.ts';

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
  submittedBy: Username.optional().describe('Who asked in their name, where every policy trusts them to.'),
});
export type Requester = z.infer<typeof Requester>;

const Score = z.number().min(0).max(100);

/** How risky work is, each factor 0 to 100. */
export const RiskScore = z.object({
  score: Score.describe('The sum of weight times factor, 0 to 100.'),
  factors: z
    .object({
      criticality: Score.describe('How important what it touches is.'),
      magnitude: Score.describe('How much it changes.'),
      blastRadius: Score.describe('How much else it can break.'),
      historicalFailureRate: Score.describe('How often the same failed before.'),
    })
    .describe('What the score is made of.'),
});
export type RiskScore = z.infer<typeof RiskScore>;

/** A policy that applies to a request, with what it said of it. */
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
  fault: z.string().max(1024).optional().describe('Why the policy could not be applied; the request holds.'),
  violations: z.array(z.string().max(1024)).max(40).optional().describe('The rules of the policy that the request breaks.'),
  risk: RiskScore.optional().describe('How risky the policy found the work.'),
  approvalValidFor: Duration.optional().describe('How long an approval is good for that has not been used.'),
  freeze: z.array(RecurringWindow).max(16).optional().describe('When nothing is let go.'),
  releaseWindows: z.array(RecurringWindow).max(16).optional().describe('When something may be let go, and at no other time.'),
  decision: DecisionRules.optional().describe('What approvers must say.'),
  standing: StandingRule.optional().describe('How far approvers may agree to runs that are still to come.'),
  pin: z.boolean().optional().describe('Whether what the work refers to is part of what is approved.'),
});
export type PolicyRecord = z.infer<typeof PolicyRecord>;

/** A ConfigMap or Secret that the work refers to, as it was when the digest was taken. */
export const Pin = z.object({
  kind: z.enum(['ConfigMap', 'Secret']).describe('ConfigMap or Secret.'),
  name: ObjectName.describe('The name of the object, which is in the namespace of the request.'),
  state: z
    .enum(['Pinned', 'Absent', 'NotCovered'])
    .describe(
      'Pinned: its contents are part of the digest. Absent: it did not exist, and the work does without. NotCovered: the operator may not read it.',
    ),
  content: Digest.optional().describe('The digest of its contents, where they are pinned.'),
});
export type Pin = z.infer<typeof Pin>;

/** A decision as the request saw it. */
export const DecisionRecord = z.object({
  name: ObjectName.describe('The name of the ApprovalDecision.'),
  verdict: DecisionVerdict.describe('What was decided.'),
  approver: Username.describe('Who decided.'),
  onBehalfOf: Username.optional().describe('In whose stead they decided, by a delegation.'),
  via: DecisionVia.describe('The channel by which the decision came.'),
  reason: ReasonText.optional().describe("The approver's reason."),
  ticket: Ticket.optional().describe("The approver's ticket."),
  response: JsonObject.optional().describe("The approver's answers."),
  reassign: Reassignment.optional().describe('Who is asked in place of whom.'),
  standing: Standing.optional().describe('Further runs that they agreed to.'),
  time: Timestamp.describe('When the decision was created.'),
  digest: Digest.describe('The digest of what the approver was shown.'),
  counted: z.boolean().describe('Whether the decision counts.'),
  ignoredBecause: ReasonCode.optional().describe('Why the decision does not count, such as DigestChanged.'),
});
export type DecisionRecord = z.infer<typeof DecisionRecord>;

export const questionTypes = ['Text', 'Number', 'Choice', 'Boolean'] as const;

/** Something that the approver must answer. */
export const Question = z
  .object({
    name: DnsLabel.describe('The name by which the answer is returned.'),
    question: z.string().min(1).max(1024).describe('What is asked, in words.'),
    type: z.enum(questionTypes).describe('Text, Number, Choice or Boolean.'),
    required: z.boolean().default(false).describe('Whether an approval needs an answer.'),
    pattern: z.string().min(1).max(256).optional().describe('An RE2 regular expression that the whole of a Text must match.'),
    choices: z.array(z.string().min(1).max(256)).min(1).max(32).meta(listSet).optional().describe('The answers to choose from.'),
  })
  .meta(
    withRules(
      {
        rule: "(self.type == 'Choice') == has(self.choices)",
        message: 'choices and the type Choice belong together: add the one that is missing, or remove the other',
        fieldPath: '.choices',
      },
      {
        rule: "!has(self.pattern) || self.type == 'Text'",
        message: 'a pattern is for the type Text alone: remove it',
        fieldPath: '.pattern',
        reason: 'FieldValueForbidden',
      },
    ),
  );
export type Question = z.infer<typeof Question>;

/** An override, and whether somebody has looked at it since. */
export const Overridden = z.object({
  by: z.array(Username).min(1).max(8).describe('Who overrode the policies.'),
  ticket: Ticket.optional().describe('The ticket that they named.'),
  at: Timestamp.describe('When the second of them did.'),
  reviewedBy: Username.optional().describe('Who has looked at it since. Until then none of them may override again.'),
  reviewedAt: Timestamp.optional().describe('When they did.'),
});
export type Overridden = z.infer<typeof Overridden>;

/** Further runs of the same that were approved along with this one. */
export const StandingApproval = z.object({
  runs: z.int().min(1).max(100).describe('How many further runs are approved.'),
  until: Timestamp.describe('Until when.'),
  covers: z.string().min(1).max(512).describe('What is run again: the CronJob, or the operation.'),
  content: Digest.describe('The digest of what may run, the metadata of its schedule aside.'),
  uses: z
    .array(
      z.object({
        request: ObjectName.describe('The name of the request.'),
        uid: Uid.describe('Its uid.'),
        at: Timestamp.describe('When it was counted.'),
      }),
    )
    .max(100)
    .default([])
    .describe('The requests that it has approved.'),
  revokedBy: Username.optional().describe('Who ended it early.'),
});
export type StandingApproval = z.infer<typeof StandingApproval>;

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
    // Whoever may edit it must not turn the answer away from who asked, nor sign with a Secret that only the requester may read.
    rule: `oldSelf.draft || (${unchanged('callback')} && ${unchanged('checkpoint')})`,
    message: 'a submitted request keeps its callback and its checkpoint: cancel this request and create another',
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
  stages: RequestedStages.optional().describe('Stages that the requester asks for, in addition to those of the policies.'),
  questions: z
    .array(Question)
    .max(16)
    .meta(listMap('name'))
    .optional()
    .describe('What the approver must answer, in the response of a decision.'),
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
  ...callbackFields,
});
export type ApprovalRequestSpec = z.infer<typeof ApprovalRequestSpec>;

export const ApprovalRequestStatus = z.object({
  phase: z.enum(requestPhases).describe('Where the request stands, derived from the conditions.'),
  observedGeneration: z.int().min(0).describe('The metadata.generation that this status was computed from.'),
  requester: Requester.optional().describe('Who asked, as the API server saw them.'),
  subjectDigest: Digest.optional().describe('The digest of what would run and of what is claimed about it. Decisions bind to it.'),
  pins: z
    .array(Pin)
    .max(64)
    .optional()
    .describe('With a policy that says pin: the ConfigMaps and Secrets that the work refers to. They are part of the digest.'),
  submittedAt: Timestamp.optional().describe('When the request was submitted.'),
  resolvedAt: Timestamp.optional().describe('Since when the policies are asked, where what is asked for was changed after submission.'),
  expiresAt: Timestamp.optional().describe('When the request expires unless it is settled before.'),
  approvals: z.string().max(16).optional().describe('Approvals given and required over all stages, such as 2/3.'),
  risk: RiskScore.optional().describe('How risky the work is: of several policies, the highest score.'),
  response: JsonObject.optional().describe('The answers of whoever approved, of the latest of them.'),
  approvedAt: Timestamp.optional().describe('When it was approved.'),
  earliestRelease: Timestamp.optional().describe(
    'When approved work is let go at the earliest, as a freeze or a release window has it wait.',
  ),
  override: Overridden.optional().describe('Who overrode the policies, and whether somebody has looked at it since.'),
  standing: StandingApproval.optional().describe('Further runs of the same that were approved along with this one.'),
  approvedUnder: ObjectName.optional().describe('The request whose standing approval covers this one.'),
  policies: z.array(PolicyRecord).max(64).default([]).describe('The policies that apply.'),
  stages: z.array(ResolvedStage).max(64).default([]).describe('The stages, in order, each with where it stands.'),
  decisions: z.array(DecisionRecord).max(100).default([]).describe('The last 100 decisions, oldest first.'),
  conditions: Conditions.default([]).describe(
    'Valid, PolicyMatched, Approved, Released, Completed, Reviewed, Settled, Ready, Reconciling and Stalled, in the standard Kubernetes form.',
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
