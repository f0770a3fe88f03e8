import { z } from 'zod';
import { atomicObject, listMap, withRules } from './schemaMarks.ts';
import { DnsLabel, Duration, GroupName, ObjectName, Timestamp, Username } from './values.ts';

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

/** One step of an approval; the next begins when this one is satisfied. */
export const Stage = z.object({
  name: DnsLabel.describe('The name of the stage, unique within its list.'),
  require: z
    .array(Requirement)
    .min(1)
    .max(8)
    .describe('What must be fulfilled, all of it. The approval of one person fills one place only.'),
  rejections: z.int().min(1).max(64).default(1).describe('How many rejections by people who qualify here reject the request.'),
  timeout: Duration.optional().describe(
    'How long the stage may wait, from the moment it becomes active, such as 24h or 1d12h. Afterwards the request expires.',
  ),
});
export type Stage = z.infer<typeof Stage>;

/** Stages in order, each with a name of its own. */
export const Stages = z.array(Stage).max(16).meta(listMap('name'));

/** Whether one person may act in two roles. */
export const Separation = z.object({
  requesterMayApprove: z.boolean().default(false).describe('Whether the requester may approve their own request.'),
  distinctAcrossStages: z.boolean().default(true).describe('Whether somebody who approved in one stage is of no use in the others.'),
});
export type Separation = z.infer<typeof Separation>;

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

export const stageStates = ['Waiting', 'Active', 'Satisfied', 'Rejected', 'Skipped', 'Expired'] as const;
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
  deadline: Timestamp.optional().describe('When the stage expires.'),
});
export type ResolvedStage = z.infer<typeof ResolvedStage>;
