import type { ApproverRef, ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { describeApprover } from '../../operator/core/explain.ts';
import { isBarred, qualifies, type Person, type Roll } from '../../operator/core/eligibility.ts';
import { policyName, type Permissions } from '../../operator/core/facts.ts';
import { saidAnywhere, saidBefore } from '../../operator/core/saidBefore.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { isUndecided } from '../../operator/core/stageStates.ts';
import { isSettled, type Request } from '../request.ts';
import { nobodyDelegated, type Delegated } from './deputies.ts';

/** The policy or request that asks for a stage, in words. */
export function originText({ policy }: Pick<ResolvedStage, 'policy'>): string {
  return policy === undefined ? 'the request itself' : `${policy.kind} ${policyName(policy)}`;
}

/** An entry of `from`, in words that say what to look up; of a group, who is known to be in it. */
export function approverText(
  entry: ApproverRef,
  stage: Pick<ResolvedStage, 'policy'>,
  { members }: Pick<Delegated, 'members'> = nobodyDelegated,
): string {
  if (entry.group !== undefined) {
    const known = members(entry.group).map(oneLine);
    return known.length === 0 ? describeApprover(entry) : `${describeApprover(entry)} (${known.join(', ')})`;
  }
  if (entry.permission === undefined || stage.policy === undefined) return describeApprover(entry);
  const plural = stage.policy.kind === 'ApprovalPolicy' ? 'approvalpolicies' : 'clusterapprovalpolicies';
  return `anybody whom RBAC allows the verb approve on ${plural}/${stage.policy.name}`;
}

/** Who may decide in the stead of people on a list, each with for whom: `carol for bob`, `dave for bob by way of carol`. */
export function deputyTexts(from: readonly ApproverRef[], request: Request, { deputies, members }: Delegated): string[] {
  const people = from.flatMap((entry) =>
    entry.user === undefined ? (entry.group === undefined ? [] : members(entry.group)) : [entry.user],
  );
  const chains = [...new Set(people)].flatMap((person) => deputies(request, person));
  return chains.map((chain) => {
    const [principal = '', ...rest] = chain.map(oneLine);
    const between = rest.slice(0, -1);
    return `${rest.at(-1) ?? ''} for ${principal}${between.length === 0 ? '' : ` by way of ${between.join(', ')}`}`;
  });
}

/** What a person can do about a request. */
export type Standing =
  /** Their approval would fill a place that is still empty; `onBehalfOf` somebody else, where a delegation lets them. */
  | { readonly kind: 'wanted'; readonly stages: readonly string[]; readonly onBehalfOf?: string }
  /** They have spoken already; `ignored` where that does not count, though to say it again would not help. */
  | { readonly kind: 'hasVoted'; readonly verdict: string; readonly ignored?: true }
  /** They would qualify, but are the requester. */
  | { readonly kind: 'isRequester' }
  /** They would qualify, but it is not known who the requester is. */
  | { readonly kind: 'requesterUnknown' }
  | { readonly kind: 'notAsked' }
  /** Settled, a draft, or not looked at by the operator yet. */
  | { readonly kind: 'nothingToDecide' };

/**
 * Where a person stands. Compares with what is stored, not with what is shown. `inSteadOf`: for whom they may decide, themselves aside; they are seen
 * as approvers where they are named or their groups are known.
 */
export function standing(request: Request, person: Person, permissions: Permissions, inSteadOf: readonly Person[] = []): Standing {
  const { status, spec } = request.stored;
  if (status === undefined || isSettled(request) || spec.draft || status.subjectDigest === undefined) return { kind: 'nothingToDecide' };
  const own = placesFor(request, person, person, permissions);
  if (own.kind === 'wanted') return own;
  for (const principal of inSteadOf) {
    const theirs = placesFor(request, principal, person, permissions);
    if (theirs.kind === 'wanted') return { ...theirs, onBehalfOf: principal.username };
  }
  return spoken(request, person) ?? own;
}

/** What they have said already, where any stage heard it. */
function spoken({ stored: { status } }: Request, { username }: Person): Standing | undefined {
  const vote = saidAnywhere(username, status ?? {}, status?.stages ?? []);
  return vote && { kind: 'hasVoted', verdict: vote.verdict, ...(vote.counted ? {} : { ignored: true }) };
}

/** The stages in which `principal` is wanted, if `voter` says it who has said nothing there yet. Whoever asked may not say so for anybody. */
function placesFor(request: Request, principal: Person, voter: Person, permissions: Permissions): Standing {
  const { stages = [], requester } = request.stored.status ?? {};
  const requesters = [requester?.username ?? '', ...(requester?.submittedBy === undefined ? [] : [requester.submittedBy])];
  const asked = stages.filter(
    (stage) =>
      isUndecided(stage) &&
      saidBefore(voter.username, request.stored.status ?? {}, stage) === undefined &&
      placesOf(stage).some((p) => p.missing > 0 && qualifies(p.from, principal, rollOf(stage, permissions))),
  );
  if (asked.length === 0) return { kind: 'notAsked' };
  const wanted = asked.filter((stage) => ![principal, voter].some((who) => isBarred(who, requesters, stage.separation)));
  if (wanted.length > 0) return { kind: 'wanted', stages: wanted.map((s) => s.name) };
  return { kind: requester === undefined ? 'requesterUnknown' : 'isRequester' };
}

/** Only stand-ins whom the policy allows are on record. */
const rollOf = (stage: ResolvedStage, permissions: Permissions): Roll => ({
  policy: stage.policy,
  permissions,
  standIns: (stage.standIns ?? []).map((standIn) => ({ ...standIn, isManager: true })),
  reassignTo: [],
});

/** The places of a stage that are still empty, and who may fill them. */
export interface OpenPlaces {
  readonly missing: number;
  readonly from: readonly ApproverRef[];
  /** Whoever the stage itself asks is out of time, but still of use: either list is enough. */
  readonly escalated: boolean;
}

/** What a stage that asks is short of; one that has escalated, its own list or that of the escalation. */
export function placesOf(stage: ResolvedStage): OpenPlaces[] {
  const own = stage.require.map((r) => ({ missing: r.count - r.approvedBy.length, from: r.from, escalated: false }));
  const { escalation, state } = stage;
  if (state !== 'Escalated' || escalation === undefined) return own;
  return [...own, { missing: escalation.count - (escalation.approvedBy?.length ?? 0), from: escalation.from, escalated: true }];
}
