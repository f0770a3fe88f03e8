import type { ApprovalRequestStatus, ResolvedStage } from '../../../crds/v1alpha1/index.ts';
import { describeFrom } from '../../core/explain.ts';
import type { Note } from '../events.ts';

/** What happens seldom, and then should be seen: the rules were set aside, or others are asked than the rules first said. */
export interface Milestone extends Note {
  readonly reason: 'Overridden' | 'OverrideReviewed' | 'Escalated' | 'Reassigned';
}

type Status = Pick<ApprovalRequestStatus, 'override' | 'stages'>;

/** What a status says that the one before it did not. Pure. */
export function milestones(before: Status | undefined, now: Status): Milestone[] {
  const told = new Set(stageMilestones(before).map((m) => m.message));
  return [
    ...stageMilestones(now).filter((m) => !told.has(m.message)),
    ...(before?.override === undefined ? overridden(now) : []),
    ...(before?.override?.reviewedBy === undefined ? reviewed(now) : []),
  ];
}

function overridden({ override }: Status): Milestone[] {
  if (override === undefined) return [];
  const message = `${override.by.join(' and ')} overrode the policies (ticket ${override.ticket ?? 'unknown'}). Somebody else must review that.`;
  return [{ type: 'Warning', reason: 'Overridden', message }];
}

function reviewed({ override }: Status): Milestone[] {
  if (override?.reviewedBy === undefined) return [];
  return [
    {
      type: 'Normal',
      reason: 'OverrideReviewed',
      message: `${override.reviewedBy} reviewed the override by ${override.by.join(' and ')}.`,
    },
  ];
}

/** The same stage of several versions of a policy is told of once. */
function stageMilestones(status: Status | undefined): Milestone[] {
  const all = (status?.stages ?? []).flatMap((stage) => [...escalated(stage), ...reassigned(stage)]);
  return [...new Map(all.map((m) => [m.message, m])).values()];
}

function escalated({ name, escalation, escalatedAt, activeSince }: ResolvedStage): Milestone[] {
  if (escalatedAt === undefined || escalation === undefined) return [];
  const message = `Stage ${name}, which has asked since ${activeSince ?? 'unknown'}, has escalated: ${escalation.count} of ${describeFrom(escalation)} is asked as well.`;
  return [{ type: 'Warning', reason: 'Escalated', message }];
}

const reassigned = ({ name, standIns = [] }: ResolvedStage): Milestone[] =>
  standIns.map(({ for: gone, user, by }) => ({
    type: 'Normal',
    reason: 'Reassigned',
    message: `In stage ${name} ${user} is asked in place of ${gone}, said ${by}.`,
  }));
