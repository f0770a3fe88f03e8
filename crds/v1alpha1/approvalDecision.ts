import { z } from 'zod';
import { NamespacedMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { listMap, withRules } from './schemaMarks.ts';
import { Digest, GroupNames, ObjectName, ReasonText, Ticket, Uid, Username } from './values.ts';

export const verdicts = ['Approve', 'Reject', 'Comment'] as const;
export const DecisionVerdict = z.enum(verdicts);
export type DecisionVerdict = z.infer<typeof DecisionVerdict>;

export const channels = ['Kubernetes', 'Web', 'Slack', 'Email'] as const;
export const DecisionVia = z.enum(channels);
export type DecisionVia = z.infer<typeof DecisionVia>;

/** A request as the approver was shown it. */
export const DecidedRequest = z.object({
  name: ObjectName.describe('The name of the ApprovalRequest, which is in the namespace of the decision.'),
  uid: Uid.describe('The uid of the ApprovalRequest.'),
  digest: Digest.describe('The status.subjectDigest that the approver was shown.'),
});
export type DecidedRequest = z.infer<typeof DecidedRequest>;

export const ApprovalDecisionSpec = z
  .object({
    requests: z
      .array(DecidedRequest)
      .min(1)
      .max(100)
      .meta(listMap('uid'))
      .describe('The requests that are decided, 1 to 100, as the approver was shown them.'),
    verdict: DecisionVerdict.describe('Approve, Reject, or Comment, which counts for nothing.'),
    reason: ReasonText.optional().describe("The approver's reason."),
    ticket: Ticket.optional().describe("The approver's ticket."),
    approver: Username.optional().describe('Who decided. Stamped with the name of the caller; anything else is refused.'),
    groups: GroupNames.optional().describe('The groups of who decided. Stamped; anything else is refused.'),
    via: DecisionVia.optional().describe('The channel by which the decision came. Stamped; anything else is refused.'),
  })
  .meta(
    withRules({
      rule: 'self == oldSelf',
      message: 'a decision never changes: to decide otherwise, create another ApprovalDecision; the latest one of a person counts',
      reason: 'FieldValueForbidden',
    }),
  );
export type ApprovalDecisionSpec = z.infer<typeof ApprovalDecisionSpec>;

/** One immutable verdict of one person on 1 to 100 requests. */
export const ApprovalDecision = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ApprovalDecision'),
  metadata: NamespacedMeta,
  spec: ApprovalDecisionSpec.describe('What was decided, and by whom. Never changes.'),
});
export type ApprovalDecision = z.infer<typeof ApprovalDecision>;
