import { z } from 'zod';
import { OnRefusal } from './approvalRequest.ts';
import { Conditions } from './conditions.ts';
import { NamespacedMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { LabelSelector } from './selector.ts';
import { Separation, Stage } from './stage.ts';
import { DnsLabel, Duration, ObjectName } from './values.ts';

export const governedKinds = ['Job', 'GovernedJob', 'ApprovalRequest'] as const;
export type GovernedKind = (typeof governedKinds)[number];

/** One way for work to be governed by a policy. */
export const MatchRule = z.object({
  apiGroups: z
    .array(z.enum(['batch', 'countersign.dev']))
    .min(1)
    .max(2)
    .describe('The API groups of the kinds.'),
  kinds: z.array(z.enum(governedKinds)).min(1).max(3).describe('Job of batch; GovernedJob and ApprovalRequest of countersign.dev.'),
  objectSelector: LabelSelector.optional().describe('Only objects with these labels. Everything when left out.'),
  namespaceSelector: LabelSelector.optional().describe(
    'Only namespaces with these labels. Every namespace when left out. For a ClusterApprovalPolicy alone; an ApprovalPolicy governs its own namespace.',
  ),
  operations: z
    .array(DnsLabel)
    .min(1)
    .max(64)
    .optional()
    .describe('Only these values of spec.operation. Every operation when left out. Not for Jobs, which have none.'),
});
export type MatchRule = z.infer<typeof MatchRule>;

/** A rule by which a policy agrees without asking anybody. */
export const AutoApproveRule = z.object({
  name: DnsLabel.describe('The name of the rule, unique within its list. Shown on requests that it approves.'),
  when: z.enum(['true']).describe('When the rule applies. The only value is "true", in quotes: always.'),
});
export type AutoApproveRule = z.infer<typeof AutoApproveRule>;

export const ApprovalPolicySpec = z.object({
  match: z.array(MatchRule).min(1).max(32).describe('What is governed: whatever fits any of these rules.'),
  autoApprove: z.array(AutoApproveRule).max(16).optional().describe('Rules by which the policy agrees without asking anybody.'),
  stages: z.array(Stage).max(16).optional().describe('Who must agree: the stages, one after the other.'),
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

/** Says which work of its namespace is governed, and who must agree to it. */
export const ApprovalPolicy = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ApprovalPolicy'),
  metadata: NamespacedMeta,
  spec: ApprovalPolicySpec.describe('What is governed, and who must agree.'),
  status: ApprovalPolicyStatus.optional().describe('Whether the policy is enforced. Written by the operator alone.'),
});
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;
