import type { ResolvedStage } from '../../crds/v1alpha1/index.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import type { Permissions, PolicyId } from '../../operator/core/facts.ts';
import { mayApprove, type Poll } from '../../operator/core/quorum.ts';
import type { AskedStage } from '../../operator/core/resolve.ts';
import { isSettled, type KnownRequest } from './requests.ts';

/** Whether a request waits for this person's vote: a stage that is open asks them, and they have said nothing about it as it is now. */
export function waitsFor(request: KnownRequest, person: Person, permissions: Permissions, now: number): boolean {
  const { spec, status } = request;
  if (status === undefined || spec.draft || spec.cancelled || isSettled(request)) return false;
  const hasVoted = status.decisions.some(
    (d) => d.approver === person.username && d.digest === status.subjectDigest && (d.verdict === 'Approve' || d.verdict === 'Reject'),
  );
  if (hasVoted) return false;
  const poll = pollOf(request, permissions, now);
  return openStages(status.stages).some((stage) => mayApprove(stage, person, poll));
}

/** The policies of the open stages whose `{permission: approve}` matters. */
export const policiesToAsk = ({ status }: Pick<KnownRequest, 'status'>): PolicyId[] =>
  openStages(status?.stages ?? [])
    .filter((stage) =>
      [...stage.require, ...(stage.escalation === undefined ? [] : [stage.escalation])].some(({ from }) =>
        from.some((entry) => entry.permission !== undefined),
      ),
    )
    .flatMap(({ policy }) => (policy === undefined ? [] : [policy]));

const openStages = (stages: readonly ResolvedStage[]): ResolvedStage[] =>
  stages.filter(({ state }) => state === 'Active' || state === 'Escalated');

/** What is known from the status alone; who decides in somebody else's stead is not. */
function pollOf({ requester, status }: KnownRequest, permissions: Permissions, now: number): Poll {
  const resolved = new Map<AskedStage, ResolvedStage>((status?.stages ?? []).map((stage) => [stage, stage]));
  return {
    now,
    requesters: [requester.username, ...(requester.submittedBy === undefined ? [] : [requester.submittedBy])],
    principalsOf: (person) => [person],
    principalsByAnyAuthor: (person) => [person],
    rollOf: (stage) => ({
      policy: stage.policy,
      permissions,
      standIns: (resolved.get(stage)?.standIns ?? []).map((standIn) => ({ ...standIn, isManager: true })),
      reassignTo: stage.reassignTo ?? [],
    }),
    timesOf: (stage) => {
      const { deadline, escalatedAt } = resolved.get(stage) ?? {};
      return { deadline: Date.parse(escalatedAt ?? deadline ?? 'never'), closesAt: Infinity };
    },
  };
}
