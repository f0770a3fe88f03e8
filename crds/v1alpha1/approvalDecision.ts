import { z } from 'zod';
import { NamespacedMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { listMap, withRules } from './schemaMarks.ts';
import { Digest, DnsLabel, Duration, GroupNames, JsonObject, ObjectName, ReasonText, Ticket, Uid, Username } from './values.ts';

export const verdicts = ['Approve', 'Reject', 'Comment', 'Override', 'Review', 'Reassign'] as const;
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

/** Somebody to be asked in place of somebody who is gone. */
export const Reassignment = z.object({
  stage: DnsLabel.describe('The name of the stage.'),
  from: Username.describe('The user of the stage who is gone.'),
  to: Username.describe('Who is asked instead.'),
});
export type Reassignment = z.infer<typeof Reassignment>;

/** Agreement to runs that are still to come. */
export const Standing = z.object({
  runs: z.int().min(1).max(100).describe('How many further runs of the same are approved.'),
  duration: Duration.describe('For how long, from when the request was approved, such as 7d.'),
});
export type Standing = z.infer<typeof Standing>;

export const ApprovalDecisionSpec = z
  .object({
    requests: z
      .array(DecidedRequest)
      .min(1)
      .max(100)
      .meta(listMap('uid'))
      .describe('The requests that are decided, 1 to 100, as the approver was shown them.'),
    verdict: DecisionVerdict.describe(
      'Approve, Reject, or Comment, which counts for nothing. Override releases at once and takes a ticket and two people with the verb override; Review looks at an override afterwards; Reassign asks somebody else in place of somebody who is gone.',
    ),
    reason: ReasonText.optional().describe("The approver's reason."),
    ticket: Ticket.optional().describe("The approver's ticket."),
    response: JsonObject.optional().describe('Answers to the questions of the request, by their names; at most 16 KiB.'),
    reassign: Reassignment.optional().describe('Who is asked in place of whom, with the verdict Reassign.'),
    standing: Standing.optional().describe(
      'With the verdict Approve: further runs of the same that are approved as well, where the policies allow it.',
    ),
    approver: Username.optional().describe('Who decided. Stamped with the name of the caller; anything else is refused.'),
    groups: GroupNames.optional().describe('The groups of who decided. Stamped; anything else is refused.'),
    via: DecisionVia.optional().describe('The channel by which the decision came. Stamped; anything else is refused.'),
  })
  .meta(
    withRules(
      {
        rule: 'self == oldSelf',
        message: 'a decision never changes: to decide otherwise, create another ApprovalDecision; the latest one of a person counts',
        reason: 'FieldValueForbidden',
      },
      {
        rule: "self.verdict != 'Override' || (has(self.ticket) && self.ticket.trim() != '')",
        message: 'an Override needs a ticket: name the incident or change that calls for it',
        fieldPath: '.ticket',
        reason: 'FieldValueRequired',
      },
      {
        rule: "self.verdict != 'Override' || size(self.requests) == 1",
        message: 'an Override is about one request: have it reviewed before you override the next',
        fieldPath: '.requests',
        reason: 'FieldValueInvalid',
      },
      {
        rule: "(self.verdict == 'Reassign') == has(self.reassign)",
        message: 'reassign and the verdict Reassign belong together: add the one that is missing, or remove the other',
        fieldPath: '.reassign',
      },
      {
        rule: "!has(self.standing) || self.verdict == 'Approve'",
        message: 'standing goes with the verdict Approve alone: remove it',
        fieldPath: '.standing',
        reason: 'FieldValueForbidden',
      },
    ),
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
