import { z } from 'zod';
import { Conditions } from './conditions.ts';
import { NamespacedMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { listMap, listSet, withRules } from './schemaMarks.ts';
import { LabelSelector } from './selector.ts';
import { OnRefusal, PolicySeparation, Stages } from './stage.ts';
import { DnsLabel, Duration, Expression, ObjectName } from './values.ts';
import { BusinessHours, RecurringWindow } from './window.ts';

export const governedKinds = ['Job', 'GovernedJob', 'ApprovalRequest'] as const;
export type GovernedKind = (typeof governedKinds)[number];

/** One way for work to be governed by a policy. */
export const MatchRule = z
  .object({
    apiGroups: z
      .array(z.enum(['batch', 'countersign.dev']))
      .min(1)
      .max(2)
      .meta(listSet)
      .describe('The API groups of the kinds.'),
    kinds: z
      .array(z.enum(governedKinds))
      .min(1)
      .max(3)
      .meta(listSet)
      .describe('Job of batch; GovernedJob and ApprovalRequest of countersign.dev.'),
    objectSelector: LabelSelector.optional().describe('Only objects with these labels. Everything when left out.'),
    namespaceSelector: LabelSelector.optional().describe(
      'Only namespaces with these labels. Every namespace when left out. For a ClusterApprovalPolicy alone; an ApprovalPolicy governs its own namespace.',
    ),
    operations: z
      .array(DnsLabel)
      .min(1)
      .max(64)
      .meta(listSet)
      .optional()
      .describe('Only these values of spec.operation. Every operation when left out. Not for Jobs, which have none.'),
    when: Expression.optional().describe(
      'A CEL expression; only what it is true for, and whatever it fails for. For Jobs the API server evaluates it, which knows object and namespaceObject alone.',
    ),
  })
  .meta(
    withRules(
      {
        rule: "('Job' in self.kinds) == ('batch' in self.apiGroups) && self.kinds.exists(kind, kind != 'Job') == ('countersign.dev' in self.apiGroups)",
        message:
          'apiGroups and kinds do not belong together: expected batch for Job, countersign.dev for GovernedJob and ApprovalRequest, and none without its kind',
        messageExpression:
          "'apiGroups are ' + self.apiGroups.join(', ') + ' and kinds are ' + self.kinds.join(', ') + ': expected batch for Job, countersign.dev for GovernedJob and ApprovalRequest, and none without its kind'",
        fieldPath: '.apiGroups',
      },
      {
        rule: "!has(self.operations) || !('Job' in self.kinds)",
        message: 'a Job has no spec.operation to be matched: leave operations out, or match Jobs in an entry of their own',
        fieldPath: '.operations',
        reason: 'FieldValueForbidden',
      },
    ),
  );
export type MatchRule = z.infer<typeof MatchRule>;

/** A rule by which a policy agrees without asking anybody. */
export const AutoApproveRule = z.object({
  name: DnsLabel.describe('The name of the rule, unique within its list. Shown on requests that it approves.'),
  when: Expression.describe(
    'A CEL expression: the rule applies where it is true, and nothing is approved where it fails. "true", in quotes: always.',
  ),
});
export type AutoApproveRule = z.infer<typeof AutoApproveRule>;

/** A rule that work must not break. */
export const Validation = z.object({
  expression: Expression.describe('A CEL expression. Where it is false the request is refused; where it fails the request holds.'),
  message: z.string().min(1).max(1024).describe('What whoever broke the rule is told.'),
});
export type Validation = z.infer<typeof Validation>;

const Weight = z.number().min(0).max(1);

/** What makes work risky, each factor a CEL expression that gives 0 to 100. A factor that is left out is 0. */
export const Risk = z.object({
  criticality: Expression.optional().describe('A CEL expression, 0 to 100: how important what it touches is.'),
  magnitude: Expression.optional().describe('A CEL expression, 0 to 100: how much it changes.'),
  blastRadius: Expression.optional().describe('A CEL expression, 0 to 100: how much else it can break.'),
  historicalFailureRate: Expression.optional().describe(
    'Observed, for how often the same operation failed here before, or a CEL expression, 0 to 100.',
  ),
  weights: z
    .object({
      criticality: Weight.default(0.4).describe('0 to 1.'),
      magnitude: Weight.default(0.3).describe('0 to 1.'),
      blastRadius: Weight.default(0.2).describe('0 to 1.'),
      historicalFailureRate: Weight.default(0.1).describe('0 to 1.'),
    })
    .default({ criticality: 0.4, magnitude: 0.3, blastRadius: 0.2, historicalFailureRate: 0.1 })
    .meta(
      withRules({
        rule: 'self.criticality + self.magnitude + self.blastRadius + self.historicalFailureRate <= 1.000001',
        message: 'the weights are more than 1 together, so the score could be more than 100: lower some of them',
      }),
    )
    .describe('How much each factor counts. Together at most 1, so that the score is at most 100.'),
});
export type Risk = z.infer<typeof Risk>;

/** What a field must be like. */
export const FieldRule = z.object({
  required: z.boolean().default(false).describe('Whether it must be there.'),
  pattern: z.string().min(1).max(256).optional().describe('An RE2 regular expression that it must match, where it is there.'),
});
export type FieldRule = z.infer<typeof FieldRule>;

/** What requesters must say. */
export const RequestRules = z.object({
  reason: FieldRule.optional().describe('The reason for the request.'),
  ticket: FieldRule.optional().describe('The ticket of the request.'),
});
export type RequestRules = z.infer<typeof RequestRules>;

/** What approvers must say. */
export const DecisionRules = z.object({
  reason: FieldRule.optional().describe("The approver's reason."),
  ticket: FieldRule.optional().describe("The approver's ticket."),
});
export type DecisionRules = z.infer<typeof DecisionRules>;

/** How far approvers may agree to runs that are still to come. */
export const StandingRule = z.object({
  maxRuns: z.int().min(1).max(100).describe('How many further runs one approval may cover at most.'),
  maxDuration: Duration.describe('For how long at most, such as 7d.'),
});
export type StandingRule = z.infer<typeof StandingRule>;

export const enforcements = ['Hold', 'Audit'] as const;

export const ApprovalPolicySpec = z.object({
  enforcement: z.enum(enforcements).default('Hold').describe('Hold, or Audit: say what would have been held, and hold nothing.'),
  match: z.array(MatchRule).min(1).max(32).describe('What is governed: whatever fits any of these rules.'),
  validations: z
    .array(Validation)
    .max(32)
    .optional()
    .describe('Rules that work must not break. A request that does is rejected, reason PolicyViolation.'),
  risk: Risk.optional().describe('How risky the work is: the sum of weight times factor, 0 to 100, as `risk.score` in expressions.'),
  autoApprove: z
    .array(AutoApproveRule)
    .max(16)
    .meta(listMap('name'))
    .optional()
    .describe('Rules by which the policy agrees without asking anybody.'),
  stages: Stages.optional().describe('Who must agree: the stages, one after the other.'),
  separation: PolicySeparation.default({ requesterMayApprove: false, distinctAcrossStages: true }).describe(
    'Whether one person may act in two roles.',
  ),
  timeout: Duration.optional().describe(
    'The longest that a request may wait, such as 48h. Of several policies and the request, the shortest wins.',
  ),
  onRefusal: OnRefusal.default('Fail').describe('What becomes of work that was refused: Fail ends it as failed, Keep leaves it suspended.'),
  request: RequestRules.optional().describe('What requesters must say.'),
  decision: DecisionRules.optional().describe('What approvers must say.'),
  approvalValidFor: Duration.optional().describe(
    'How long an approval is good for that has not been used, as work was not let go: afterwards the request expires. For ever when left out.',
  ),
  freeze: z.array(RecurringWindow).max(16).meta(listMap('name')).optional().describe('When nothing is let go or approved on its own.'),
  releaseWindows: z
    .array(RecurringWindow)
    .max(16)
    .meta(listMap('name'))
    .optional()
    .describe('When something may be let go, and at no other time. Always when left out.'),
  businessHours: BusinessHours.optional().describe('The hours in which the time of stages runs. Always when left out.'),
  standing: StandingRule.optional().describe('How far approvers may agree to runs that are still to come. Not at all when left out.'),
  pin: z
    .boolean()
    .default(false)
    .describe(
      'Whether the contents of the ConfigMaps and Secrets that work refers to are part of what is approved. Secrets only where the operator may read them.',
    ),
  unpinnedImages: z
    .enum(['Note', 'Refuse'])
    .default('Note')
    .describe('With pin, what becomes of work whose images are named by a tag alone: Note says so to approvers, Refuse rejects it.'),
});
export type ApprovalPolicySpec = z.infer<typeof ApprovalPolicySpec>;

export const ApprovalPolicyStatus = z.object({
  observedGeneration: z.int().min(0).describe('The metadata.generation that this status was computed from.'),
  conditions: Conditions.default([]).describe('Ready is True, reason Enforced, once the API server holds what the policy matches.'),
  guards: z.array(ObjectName).max(256).default([]).describe('The admission policies and bindings that enforce this policy.'),
});
export type ApprovalPolicyStatus = z.infer<typeof ApprovalPolicyStatus>;

const noNamespaceSelector = {
  rule: 'self.match.all(entry, !has(entry.namespaceSelector))',
  message:
    'namespaceSelector is for a ClusterApprovalPolicy only: an ApprovalPolicy governs its own namespace; remove it, or write a ClusterApprovalPolicy',
  fieldPath: '.match',
  reason: 'FieldValueForbidden',
} as const;

/** Says which work of its namespace is governed, and who must agree to it. */
export const ApprovalPolicy = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ApprovalPolicy'),
  metadata: NamespacedMeta,
  spec: ApprovalPolicySpec.meta(withRules(noNamespaceSelector)).describe('What is governed, and who must agree.'),
  status: ApprovalPolicyStatus.optional().describe('Whether the policy is enforced. Written by the operator alone.'),
});
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;
