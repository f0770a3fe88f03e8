import type { ApproverRef, ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { describeApprover } from '../../operator/core/explain.ts';
import { isBarred, qualifies, type Person } from '../../operator/core/eligibility.ts';
import { policyName, type Permissions } from '../../operator/core/facts.ts';
import { isSettled, type Request } from '../request.ts';

/** The policy or request that asks for a stage, in words. */
export function originText({ policy }: Pick<ResolvedStage, 'policy'>): string {
  return policy === undefined ? 'the request itself' : `${policy.kind} ${policyName(policy)}`;
}

/** An entry of `from`, in words that say what to look up. */
export function approverText(entry: ApproverRef, stage: Pick<ResolvedStage, 'policy'>): string {
  if (entry.permission === undefined || stage.policy === undefined) return describeApprover(entry);
  const plural = stage.policy.kind === 'ApprovalPolicy' ? 'approvalpolicies' : 'clusterapprovalpolicies';
  return `anybody whom RBAC allows the verb approve on ${plural}/${stage.policy.name}`;
}

/** What a person can do about a request. */
export type Standing =
  /** Their approval would fill a place that is still empty. */
  | { readonly kind: 'wanted'; readonly stages: readonly string[] }
  | { readonly kind: 'hasVoted'; readonly verdict: string }
  /** They would qualify, but are the requester. */
  | { readonly kind: 'isRequester' }
  | { readonly kind: 'notAsked' }
  /** Settled, a draft, or not looked at by the operator yet. */
  | { readonly kind: 'nothingToDecide' };

/** Where a person stands. Compares with what is stored, not with what is shown. */
export function standing(request: Request, person: Person, permissions: Permissions): Standing {
  const { status, spec } = request.stored;
  if (status === undefined || isSettled(request) || spec.draft || status.subjectDigest === undefined) return { kind: 'nothingToDecide' };
  const open = status.stages.filter((s) => s.state === 'Active' || s.state === 'Waiting');
  const vote = status.decisions.findLast(
    (d) => d.approver === person.username && d.verdict !== 'Comment' && d.digest === status.subjectDigest,
  );
  if (vote !== undefined) return { kind: 'hasVoted', verdict: vote.verdict };
  const asked = open.filter((stage) =>
    stage.require.some((r) => r.approvedBy.length < r.count && qualifies(r, person, stage.policy, permissions)),
  );
  if (asked.length === 0) return { kind: 'notAsked' };
  const requester = status.requester?.username ?? '';
  const wanted = asked.filter((stage) => !isBarred(person, requester, stage.separation));
  return wanted.length === 0 ? { kind: 'isRequester' } : { kind: 'wanted', stages: wanted.map((s) => s.name) };
}
