import type { Reassignment } from '../../crds/v1alpha1/index.ts';
import { isTooWeak } from './channels.ts';
import { isOneOf, type StandInSeen } from './eligibility.ts';
import type { DecisionFacts, Observation } from './facts.ts';
import type { AskedStage } from './resolve.ts';
import { isAboutThis } from './submission.ts';
import { byTime } from './order.ts';

/**
 * Who stands in for whom, per stage. A reassignment counts when its author has the verb `reassign`, is not who asked, and names a stage of this request, a
 * user whom the stage asks by name, and somebody who may be it. The last one for each user counts, so that naming the user themselves takes it back. Who
 * has decided themselves is not gone, and needs nobody.
 */
export function standInsOf(stages: readonly AskedStage[], facts: Observation): ReadonlyMap<AskedStage, readonly StandInSeen[]> {
  const onThis = facts.decisions.filter((d) => isAboutThis(d, facts));
  const reassignments = onThis.filter((d) => d.verdict === 'Reassign').sort(byTime);
  const present = new Set(onThis.filter((d) => d.verdict === 'Approve' || d.verdict === 'Reject').map((d) => d.approver));
  return new Map(stages.map((stage) => [stage, standInsIn(stage, reassignments, facts).filter((s) => !present.has(s.for))]));
}

/** Why a reassignment has nobody asked in place of anybody. */
export type ReassignFault = 'NotAllowed' | 'ChannelTooWeak' | 'Requester' | 'Superseded' | 'NotGone';

/** Why this reassignment is of no effect; undefined when it is of some, be it that it takes another one back. */
export function reassignFault(decision: DecisionFacts, stages: readonly AskedStage[], facts: Observation): ReassignFault | undefined {
  const named = stages.filter((stage) => stage.name === decision.reassign?.stage);
  const faults = named.map((stage) => faultIn(stage, decision, facts));
  return faults.length === 0 ? 'NotAllowed' : faults.includes(undefined) ? undefined : faults[0];
}

function faultIn(stage: AskedStage, decision: DecisionFacts, facts: Observation): ReassignFault | undefined {
  const own = ownFault(stage, decision, facts);
  if (own !== undefined) return own;
  const onThis = facts.decisions.filter((d) => isAboutThis(d, facts));
  const isLater = (d: DecisionFacts): boolean =>
    d.verdict === 'Reassign' && d.reassign?.from === decision.reassign?.from && byTime(d, decision) > 0;
  if (onThis.some((d) => isLater(d) && ownFault(stage, d, facts) === undefined)) return 'Superseded';
  const decided = onThis.some((d) => (d.verdict === 'Approve' || d.verdict === 'Reject') && d.approver === decision.reassign?.from);
  return decided ? 'NotGone' : undefined;
}

function standInsIn(stage: AskedStage, reassignments: readonly DecisionFacts[], facts: Observation): StandInSeen[] {
  const latest = new Map<string, StandInSeen>();
  for (const decision of reassignments) {
    const { reassign, approver: by } = decision;
    if (reassign === undefined || ownFault(stage, decision, facts) !== undefined) continue;
    if (reassign.from === reassign.to) latest.delete(reassign.from);
    else latest.set(reassign.from, { for: reassign.from, user: reassign.to, by, isManager: isManager(reassign, facts) });
  }
  return [...latest.values()];
}

/** Why a reassignment is of no effect in a stage, whatever others say. */
function ownFault(
  stage: AskedStage,
  { reassign, approver, groups, via }: DecisionFacts,
  facts: Observation,
): 'NotAllowed' | 'ChannelTooWeak' | 'Requester' | undefined {
  if (reassign?.stage !== stage.name || !isAskedByName(stage, reassign.from)) return 'NotAllowed';
  if (approver === '' || !facts.permissions.may('reassign', approver, groups)) return 'NotAllowed';
  if (isTooWeak(via)) return 'ChannelTooWeak';
  if (hasAsked(approver, facts) && !stage.separation.requesterMayApprove) return 'Requester';
  const allowed = reassign.from === reassign.to || isManager(reassign, facts) || mightBeAllowed(stage, reassign.to, facts);
  return allowed ? undefined : 'NotAllowed';
}

const isManager = ({ from, to }: Reassignment, { managers }: Observation): boolean => managers.get(from) === to;

/** Whoever may not approve may not choose who does. */
const hasAsked = (username: string, { request }: Observation): boolean =>
  username === request.requester.username || username === request.onBehalfOf;

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
