import { z } from 'zod';
import { DecisionVia } from './approvalDecision.ts';
import { ChannelRef } from './channelRef.ts';
import { atomicObject, listMap, withRules } from './schemaMarks.ts';
import { DnsLabel, Duration, Expression, GroupName, ObjectName, Timestamp, Username } from './values.ts';
import { BusinessHours } from './window.ts';

/** A service account, as an approver. */
export const ServiceAccountRef = z.object({
  namespace: DnsLabel.describe('The namespace of the service account.'),
  name: ObjectName.describe('The name of the service account.'),
});
export type ServiceAccountRef = z.infer<typeof ServiceAccountRef>;

/** Who may give one of the approvals: exactly one of the four fields. */
export const ApproverRef = z
  .object({
    group: GroupName.optional().describe('Everybody in this group, as the API server knows it.'),
    user: Username.optional().describe('This one user, as the API server knows them.'),
    serviceAccount: ServiceAccountRef.optional().describe('This one service account.'),
    permission: z
      .enum(['approve'])
      .optional()
      .describe('Whoever RBAC allows the verb approve on this policy by name; wildcards do not count.'),
  })
  .meta({
    ...atomicObject,
    ...withRules({
      rule: '[has(self.group), has(self.user), has(self.serviceAccount), has(self.permission)].exists_one(present, present)',
      message: 'expected exactly one of group, user, serviceAccount and permission: make each of them an entry of its own',
      messageExpression:
        "(has(self.group) || has(self.user) || has(self.serviceAccount) || has(self.permission) ? 'has more than one of group, user, serviceAccount and permission' : 'is empty') + ': expected exactly one of group, user, serviceAccount and permission; make each of them an entry of its own'",
    }),
  });
export type ApproverRef = z.infer<typeof ApproverRef>;

/** So many approvals by so many people of a list. */
export const Requirement = z
  .object({
    count: z.int().min(1).max(64).describe('How many different people must approve.'),
    from: z.array(ApproverRef).min(1).max(64).describe('Who they may be: anybody who fits any of these entries.'),
  })
  .meta(
    withRules(
      {
        // Not a set: no object with a set of objects in it can be applied, neither by kubectl apply --server-side nor by an admission policy.
        rule: 'self.from.all(who, self.from.exists_one(same, same == who))',
        message: 'the same entry is there twice: it counts once, so leave one of them out',
        fieldPath: '.from',
      },
      {
        rule: 'self.count <= size(self.from) || self.from.exists(who, has(who.group) || has(who.permission))',
        message: 'nobody can satisfy it: count is more than the people in from; lower count or add people or a group to from',
      },
    ),
  );
export type Requirement = z.infer<typeof Requirement>;

/** What becomes of a stage whose time is over. */
export const OnTimeout = z.enum(['Expire', 'Reject', 'Escalate']);
export type OnTimeout = z.infer<typeof OnTimeout>;

/** Who is asked once a stage's time is over. */
export const Escalation = z.object({
  from: z.array(ApproverRef).min(1).max(64).describe('Who is asked then: anybody who fits any of these entries.'),
  count: z.int().min(1).max(64).default(1).describe('How many of them are enough, in place of what the stage requires.'),
  timeout: Duration.optional().describe('How long they have, before the request expires. As long as the stage had when left out.'),
});
export type Escalation = z.infer<typeof Escalation>;

/** One step of an approval; the next begins when this one is satisfied. */
export const RequestedStage = z.object({
  name: DnsLabel.describe('The name of the stage, unique within its list.'),
  require: z
    .array(Requirement)
    .min(1)
    .max(8)
    .describe('What must be fulfilled, all of it. The approval of one person fills one place only.'),
  rejections: z.int().min(1).max(64).default(1).describe('How many rejections by people who qualify here reject the request.'),
  timeout: Duration.optional().describe(
    'How long the stage may wait, from the moment it becomes active, such as 24h or 1d12h. Afterwards onTimeout says what happens.',
  ),
});

export type RequestedStage = z.infer<typeof RequestedStage>;

/** A stage as a policy has it. */
export const Stage = RequestedStage.extend({
  when: Expression.optional().describe('A CEL expression. The stage is skipped when it is false, and the request holds when it fails.'),
  onTimeout: OnTimeout.default('Expire').describe(
    'What happens once its time is over: Expire, Reject, or Escalate, which asks whoever escalation names as well.',
  ),
  escalation: Escalation.optional().describe('Who is asked once the time is over, with onTimeout Escalate.'),
  minimumChannel: DecisionVia.optional().describe(
    'How sure it must be who approves here: Email, Slack, Web or Kubernetes, from the weakest to the strongest. An approval by a weaker channel does not count in this stage; a rejection does, by whichever. Web when left out.',
  ),
  notify: z
    .array(ChannelRef)
    .max(8)
    .optional()
    .describe('The channels by which those who are asked are told, and where it is told what becomes of it.'),
  reassignTo: z
    .array(ApproverRef)
    .max(64)
    .optional()
    .describe(
      'Who may stand in for a user of this stage who is gone, when somebody with the verb reassign says so. Their manager (Approver) may always.',
    ),
}).meta(
  withRules(
    {
      rule: "(self.onTimeout == 'Escalate') == has(self.escalation)",
      message: 'onTimeout Escalate and escalation belong together: add the one that is missing, or remove the other',
      fieldPath: '.escalation',
    },
    {
      rule: "self.onTimeout == 'Expire' || has(self.timeout)",
      message: 'onTimeout needs a timeout: without one the time of the stage is never over',
      fieldPath: '.timeout',
      reason: 'FieldValueRequired',
    },
  ),
);
export type Stage = z.infer<typeof Stage>;

/** Stages in order, each with a name of its own. */
export const Stages = z.array(Stage).max(16).meta(listMap('name'));
/** Stages that a requester adds: they may ask for more people, and no more than that. */
export const RequestedStages = z.array(RequestedStage).max(16).meta(listMap('name'));

/** Whether one person may act in two roles. */
export const Separation = z.object({
  requesterMayApprove: z.boolean().default(false).describe('Whether the requester may approve their own request.'),
  distinctAcrossStages: z.boolean().default(true).describe('Whether somebody who approved in one stage is of no use in the others.'),
});
export type Separation = z.infer<typeof Separation>;

/** Somebody who may ask for others. */
export const TrustedSubmitter = z
  .object({
    user: Username.optional().describe('This one user.'),
    serviceAccount: ServiceAccountRef.optional().describe('This one service account.'),
  })
  .meta({
    ...atomicObject,
    ...withRules({
      rule: 'has(self.user) != has(self.serviceAccount)',
      message: 'expected exactly one of user and serviceAccount: make each of them an entry of its own',
    }),
  });
export type TrustedSubmitter = z.infer<typeof TrustedSubmitter>;

/** Separation as a policy has it. */
export const PolicySeparation = Separation.extend({
  trustedSubmitters: z
    .array(TrustedSubmitter)
    .max(64)
    .optional()
    .describe(
      'Who may ask in the name of somebody else, by the annotation countersign.dev/on-behalf-of. Neither of the two may then approve.',
    ),
});
export type PolicySeparation = z.infer<typeof PolicySeparation>;

/** The kinds of policy. */
export const policyKinds = ['ApprovalPolicy', 'ClusterApprovalPolicy'] as const;
export const PolicyKind = z.enum(policyKinds);
export type PolicyKind = z.infer<typeof PolicyKind>;

/** A policy that the requester names. */
export const PolicyRef = z.object({
  kind: PolicyKind.describe('ApprovalPolicy for one of the same namespace, or ClusterApprovalPolicy.'),
  name: ObjectName.describe('The name of the policy.'),
});
export type PolicyRef = z.infer<typeof PolicyRef>;

/** What becomes of work that was refused. */
export const OnRefusal = z.enum(['Fail', 'Keep']);
export type OnRefusal = z.infer<typeof OnRefusal>;

export const stageStates = ['Waiting', 'Active', 'Escalated', 'Satisfied', 'Rejected', 'Skipped', 'Expired'] as const;
export type StageState = (typeof stageStates)[number];

/** A requirement and who has filled it so far. */
export const ResolvedRequirement = Requirement.extend({
  approvedBy: z.array(Username).max(64).default([]).describe('The people whose approval fills a place here.'),
});
export type ResolvedRequirement = z.infer<typeof ResolvedRequirement>;

/** Where a resolved stage comes from. */
export const StageOrigin = z.object({
  kind: PolicyKind.describe('The kind of the policy.'),
  namespace: DnsLabel.optional().describe('The namespace of the policy; absent for a ClusterApprovalPolicy.'),
  name: ObjectName.describe('The name of the policy.'),
  generation: z.int().min(0).describe('The generation of the policy that the stage was taken from.'),
});
export type StageOrigin = z.infer<typeof StageOrigin>;

/** Somebody who was asked in place of somebody who is gone. */
export const StandIn = z.object({
  for: Username.describe('Who is gone.'),
  user: Username.describe('Who is asked instead.'),
  by: Username.describe('Who said so.'),
});
export type StandIn = z.infer<typeof StandIn>;

/** A stage of a request as it stands. */
export const ResolvedStage = z.object({
  name: DnsLabel.describe('The name of the stage.'),
  policy: StageOrigin.optional().describe('The policy that asks for the stage; absent when the request itself does.'),
  asSubmitted: z
    .boolean()
    .describe('True when the stage was asked for at submission; false when the policies as they are now ask for it in addition.'),
  state: z.enum(stageStates).describe('Where the stage stands.'),
  required: z.int().min(0).max(512).describe('How many approvals it takes in all.'),
  approvals: z.int().min(0).max(512).describe('How many of them are there.'),
  rejections: z.int().min(1).max(64).optional().describe('How many rejections reject the request; 1 when absent.'),
  rejectedBy: z.array(Username).max(64).optional().describe('The people whose rejection counts here.'),
  require: z.array(ResolvedRequirement).min(1).max(8).describe('What must be fulfilled, and who has filled it.'),
  separation: Separation.describe('Whether one person may act in two roles.'),
  activeSince: Timestamp.optional().describe('When the stage became active.'),
  timeout: Duration.optional().describe('How long the stage may wait once active.'),
  deadline: Timestamp.optional().describe('When the time of the stage is over.'),
  applies: z.boolean().optional().describe('False when the policy did not ask for the stage here, as its `when` was false.'),
  onTimeout: OnTimeout.optional().describe('What happens once its time is over; Expire when absent.'),
  escalation: Escalation.extend({
    approvedBy: z.array(Username).max(64).optional().describe('The people whose approval fills a place of the escalation.'),
  })
    .optional()
    .describe('Who is asked once its time is over.'),
  escalatedAt: Timestamp.optional().describe('Since when they are asked.'),
  minimumChannel: DecisionVia.optional().describe('The weakest channel by which an approval counts here; Web when absent.'),
  reassignTo: z.array(ApproverRef).max(64).optional().describe('Who may stand in for somebody who is gone.'),
  businessHours: BusinessHours.optional().describe('The hours in which the time of the stage runs.'),
  standIns: z.array(StandIn).max(64).optional().describe('Who stands in for whom.'),
});
export type ResolvedStage = z.infer<typeof ResolvedStage>;
