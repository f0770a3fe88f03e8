import type { ResolvedStage } from '../../crds/v1alpha1/index.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import type { Permissions } from '../../operator/core/facts.ts';
import { mayApprove } from '../../operator/core/quorum.ts';
import { policiesToAsk, statusPoll } from '../../operator/core/statusPoll.ts';
import { hasVoted, isSettled, type KnownRequest } from './requests.ts';
import type { RequestDeps } from './routes/deps.ts';

/** Whether a request waits for this person's vote: a stage that is open asks them, and they have said nothing about it as it is now. */
export async function waitsFor(
  request: KnownRequest,
  person: Person,
  { permissionsOf, client }: Pick<RequestDeps, 'permissionsOf' | 'client'>,
): Promise<boolean> {
  const { namespace, status } = request;
  const policies = policiesToAsk((status?.stages ?? []).filter(isOpen));
  return isWanted(request, person, await permissionsOf({ namespace, people: [person], policies }), client.now());
}

function isWanted(request: KnownRequest, person: Person, permissions: Permissions, now: number): boolean {
  const { requester, spec, status } = request;
  if (status === undefined || spec.draft || spec.cancelled || isSettled(request) || hasVoted(person.username, request)) return false;
  const poll = statusPoll({ requester, stages: status.stages }, permissions, now);
  return status.stages.filter(isOpen).some((stage) => mayApprove(stage, person, poll));
}

const isOpen = ({ state }: ResolvedStage): boolean => state === 'Active' || state === 'Escalated';
