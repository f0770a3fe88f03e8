import { z } from 'zod';
import { Conditions } from './conditions.ts';
import { NamespacedMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { listMap, listSet, withRules } from './schemaMarks.ts';
import { LabelSelector } from './selector.ts';
import { OnRefusal, Separation, Stages } from './stage.ts';
import { DnsLabel, Duration, ObjectName } from './values.ts';

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
  when: z.enum(['true']).describe('When the rule applies. The only value is "true", in quotes: always.'),
});
export type AutoApproveRule = z.infer<typeof AutoApproveRule>;

export const ApprovalPolicySpec = z.object({
  match: z.array(MatchRule).min(1).max(32).describe('What is governed: whatever fits any of these rules.'),
  autoApprove: z
    .array(AutoApproveRule)
    .max(16)
    .meta(listMap('name'))
    .optional()
    .describe('Rules by which the policy agrees without asking anybody.'),
  stages: Stages.optional().describe('Who must agree: the stages, one after the other.'),
  separation: Separation.default({ requesterMayApprove: false, distinctAcrossStages: true }).describe(
    'Whether one person may act in two roles.',
  ),
  timeout: Duration.optional().describe(
    'The longest that a request may wait, such as 48h. Of several policies and the request, the shortest wins.',
  ),
  onRefusal: OnRefusal.default('Fail').describe('What becomes of work that was refused: Fail ends it as failed, Keep leaves it suspended.'),
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
