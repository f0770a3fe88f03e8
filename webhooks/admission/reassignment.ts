import { approvers, type Approver, type ApprovalDecisionSpec, type ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { approversByUsername, managersOf } from '../../operator/core/approvers.ts';
import { isOneOf, type Person } from '../../operator/core/eligibility.ts';
import { describeFrom } from '../../operator/core/explain.ts';
import { nobodyMay } from '../../operator/core/facts.ts';
import { isUndecided } from '../../operator/core/stageStates.ts';
import { isForbidden } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KnownRequest } from './deps.ts';

type Wanted = NonNullable<ApprovalDecisionSpec['reassign']>;

/** A reassignment as somebody writes it; that they have the verb `reassign`, the guard has looked at. */
export interface Reassigning {
  /** Of the request. */
  readonly name: string;
  readonly reassign: Wanted | undefined;
  readonly person: Person;
}

/**
 * Why a reassignment could have nobody asked in place of anybody: a sentence, undefined when it could. What only shows when somebody votes, their
 * groups for one, is left to the operator.
 */
export async function reassignmentFault(
  request: KnownRequest,
  { name, reassign, person }: Reassigning,
  { client, signal }: { readonly client: KubeClient; readonly signal: AbortSignal },
): Promise<string | undefined> {
  // The schema asks for it.
  if (reassign === undefined) return undefined;
  const stages = request.status?.stages ?? [];
  const named = stages.filter((stage) => stage.name === reassign.stage);
  if (named.length === 0) {
    const there = [...new Set(stages.map((stage) => stage.name))].join(', ');
    return `reassign.stage is ${reassign.stage}, but ApprovalRequest ${name} has no such stage; expected one of ${there === '' ? 'none: nobody is asked' : there}`;
  }
  const managers = reassign.from === reassign.to ? undefined : await managersIfAllowed(client, signal);
  // A policy that was changed asks by the same name twice.
  const faults = named.map((stage) => stageFault(stage, request, { name, reassign, person }, managers));
  return faults.includes(undefined) ? undefined : faults[0];
}

function stageFault(
  stage: ResolvedStage,
  { requester, status }: KnownRequest,
  { name, reassign, person }: { name: string; reassign: Wanted; person: Person },
  managers: ReadonlyMap<string, string> | undefined,
): string | undefined {
  const { from, to } = reassign;
  if (!isUndecided(stage))
    return `reassign.stage is ${stage.name}, which is ${stage.state} and waits for nobody; expected a stage of ApprovalRequest ${name} that does`;
  const lists = [...stage.require, ...(stage.escalation === undefined ? [] : [stage.escalation])];
  if (!lists.some((list) => list.from.some((entry) => entry.user === from)))
    return `reassign.from is ${from}, whom stage ${stage.name} does not ask by name; it asks ${lists.map(describeFrom).join('; ')}. Of a group, the others can answer`;
  if (hasDecided(from, status)) return `reassign.from is ${from}, who has decided themselves, and so is not gone`;
  const { username = requester, submittedBy } = status?.requester ?? {};
  const asked = (who: string): boolean => !stage.separation.requesterMayApprove && (who === username || who === submittedBy);
  if (asked(person.username))
    return `you are ${person.username}, who asked for ApprovalRequest ${name}; whoever may not approve it does not choose who does: ask somebody else with the verb reassign`;
  if (from === to) return undefined;
  if (asked(to)) return `reassign.to is ${to}, who asked for ApprovalRequest ${name} and may not approve it; expected somebody else`;
  return mayStandIn(stage, reassign, managers) ? undefined : nobodyAllows(stage, reassign, managers);
}

const hasDecided = (who: string, status: KnownRequest['status']): boolean =>
  (status?.decisions ?? []).some(
    (d) => d.approver === who && d.digest === status?.subjectDigest && d.counted && (d.verdict === 'Approve' || d.verdict === 'Reject'),
  );

/** Their manager, or whoever the stage lets; groups and permissions are looked at as they vote. Where managers are not known, anybody may be one. */
function mayStandIn(stage: ResolvedStage, { from, to }: Wanted, managers: ReadonlyMap<string, string> | undefined): boolean {
  if (managers === undefined || managers.get(from) === to) return true;
  return (stage.reassignTo ?? []).some(
    (entry) =>
      entry.group !== undefined ||
      entry.permission !== undefined ||
      isOneOf(entry, { username: to, groups: [] }, { policy: stage.policy, permissions: nobodyMay }),
  );
}

function nobodyAllows(stage: ResolvedStage, { from, to }: Wanted, managers: ReadonlyMap<string, string> | undefined): string {
  const manager = managers?.get(from);
  const who = [
    ...(manager === undefined ? [] : [`${manager}, their manager`]),
    ...(stage.reassignTo === undefined ? [] : [describeFrom({ from: stage.reassignTo })]),
  ];
  const expected = who.length === 0 ? `nobody: no Approver names a manager of ${from}, and the stage has no reassignTo` : who.join(' or ');
  return `reassign.to is ${to}, who may not stand in for ${from} in stage ${stage.name}; expected ${expected}`;
}

/** User names of managers, by whom they manage; undefined where that may not be read. */
async function managersIfAllowed(client: KubeClient, signal: AbortSignal): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const known: { name: string; username: string; manager: string | undefined }[] = [];
    for await (const { metadata, spec } of client.listAll<Approver>(approvers, { signal }))
      known.push({ name: metadata.name, username: spec.username, manager: spec.manager });
    return managersOf(approversByUsername(known));
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}
