import type { ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { principalsOf } from '../../operator/core/delegation.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import { mayApprove } from '../../operator/core/quorum.ts';
import { policiesToAsk, statusPoll } from '../../operator/core/statusPoll.ts';
import { hasVoted, isSettled, type KnownRequest } from './requests.ts';
import type { RequestDeps } from './routes/deps.ts';

/** By what it is told for whom a request waits. */
export type WaitingDeps = Pick<RequestDeps, 'permissionsOf' | 'client'> & { readonly known: Pick<RequestDeps['known'], 'delegations'> };

/**
 * Whether a request waits for this person's vote: a stage that is open asks them, or somebody in whose stead they may decide, and they have said nothing about
 * it as it is now.
 */
export async function waitsFor(request: KnownRequest, person: Person, deps: WaitingDeps): Promise<boolean> {
  const { namespace, requester, spec, status } = request;
  if (status === undefined || spec.draft || spec.cancelled || isSettled(request) || hasVoted(person.username, request)) return false;
  const now = deps.client.now();
  const people = heldFor(request, person, deps, now);
  const stages = status.stages.filter(isOpen);
  const permissions = await deps.permissionsOf({ namespace, people, policies: policiesToAsk(stages) });
  const poll = { ...statusPoll({ requester, stages: status.stages }, permissions, now), principalsOf: () => people };
  return stages.some((stage) => mayApprove(stage, person, poll));
}

/** For whom they may decide: themselves first. The place of whoever has decided, or had somebody decide for them, is taken. */
function heldFor(request: KnownRequest, person: Person, { known }: WaitingDeps, at: number): readonly Person[] {
  const { namespace, requester, status } = request;
  const without = new Set([requester.username, requester.submittedBy].filter((name) => name !== undefined));
  const [self = person, ...others] = principalsOf(person, known.delegations.in(namespace), { at, without }).principals;
  const inStead = new Set(
    (status?.decisions ?? []).flatMap((d) => (d.digest === status?.subjectDigest && d.counted ? [d.onBehalfOf] : [])),
  );
  return [self, ...others.filter(({ username }) => !hasVoted(username, request) && !inStead.has(username))];
}

const isOpen = ({ state }: ResolvedStage): boolean => state === 'Active' || state === 'Escalated';
