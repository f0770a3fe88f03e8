import { isOneOf, type StandInSeen } from './eligibility.ts';
import type { DecisionFacts, Observation } from './facts.ts';
import type { AskedStage } from './resolve.ts';

/**
 * Who stands in for whom, per stage. A reassignment counts when its author has the verb `reassign`, is not who asked, and names a stage of this request, a
 * user whom the stage asks by name, and somebody who may be it. The last one for each user counts, so that naming the user themselves takes it back. Who
 * has decided themselves is not gone, and needs nobody.
 */
export function standInsOf(stages: readonly AskedStage[], facts: Observation): ReadonlyMap<AskedStage, readonly StandInSeen[]> {
  const onThis = facts.decisions.filter((d) => d.requestUid === facts.request.uid && d.digest === facts.subject.digest);
  const reassignments = onThis.filter((d) => d.verdict === 'Reassign').sort(byTime);
  const present = new Set(onThis.filter((d) => d.verdict === 'Approve' || d.verdict === 'Reject').map((d) => d.approver));
  return new Map(stages.map((stage) => [stage, standInsIn(stage, reassignments, facts).filter((s) => !present.has(s.for))]));
}

function standInsIn(stage: AskedStage, reassignments: readonly DecisionFacts[], facts: Observation): StandInSeen[] {
  const latest = new Map<string, StandInSeen>();
  for (const { reassign, approver: by, groups } of reassignments) {
    if (reassign?.stage !== stage.name || !isAskedByName(stage, reassign.from) || !mayReassign(by, groups, stage, facts)) continue;
    const isManager = facts.managers.get(reassign.from) === reassign.to;
    const takesBack = reassign.from === reassign.to;
    if (takesBack) latest.delete(reassign.from);
    else if (isManager || mightBeAllowed(stage, reassign.to, facts))
      latest.set(reassign.from, { for: reassign.from, user: reassign.to, by, isManager });
  }
  return [...latest.values()];
}

/** Whoever may not approve may not choose who does. */
function mayReassign(by: string, groups: readonly string[], { separation }: AskedStage, { permissions, request }: Observation): boolean {
  const asked = by === '' || by === request.requester.username || by === request.onBehalfOf;
  return (!asked || (by !== '' && separation.requesterMayApprove)) && permissions.may('reassign', by, groups);
}

/** Those it escalates to included. */
const isAskedByName = ({ require, escalation }: AskedStage, username: string): boolean =>
  [...require, ...(escalation === undefined ? [] : [escalation])].some(({ from }) => from.some((entry) => entry.user === username));

/** What can be known before they vote: groups and permissions are looked at with the vote itself. */
const mightBeAllowed = (stage: AskedStage, username: string, { permissions }: Observation): boolean =>
  (stage.reassignTo ?? []).some(
    (entry) =>
      entry.group !== undefined ||
      entry.permission !== undefined ||
      isOneOf(entry, { username, groups: [] }, { policy: stage.policy, permissions }),
  );

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const byTime = (a: DecisionFacts, b: DecisionFacts): number => compare(a.time, b.time) || compare(a.uid, b.uid);
