import type { ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { principalsOf } from '../../operator/core/delegation.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import { mayApprove } from '../../operator/core/quorum.ts';
import { isHeardIn } from '../../operator/core/saidBefore.ts';
import { policiesToAsk, statusPoll } from '../../operator/core/statusPoll.ts';
import { hasVoted, isSettled, type KnownRequest } from './requests.ts';
import type { RequestDeps } from './routes/deps.ts';

/** By what it is told for whom a request waits. */
export type WaitingDeps = Pick<RequestDeps, 'permissionsOf' | 'client'> & { readonly known: Pick<RequestDeps['known'], 'delegations'> };

/**
 * Whether a request waits for this person's vote: a stage that is open asks them, or somebody in whose stead they may decide, and they have said nothing that
 * it hears about the request as it is now.
 */
export async function waitsFor(request: KnownRequest, person: Person, deps: WaitingDeps): Promise<boolean> {
  const { namespace, requester, spec, status } = request;
  if (status === undefined || spec.draft || spec.cancelled || isSettled(request)) return false;
  const stages = status.stages.filter((stage) => isOpen(stage) && !hasVoted(person.username, request, stage));
  if (stages.length === 0) return false;
  const now = deps.client.now();
  const people = heldFor(request, person, deps, now);
  const permissions = await deps.permissionsOf({ namespace, people, policies: policiesToAsk(stages) });
  const poll = statusPoll({ requester, stages: status.stages }, permissions, now);
  return stages.some((stage) => mayApprove(stage, person, { ...poll, principalsOf: () => withPlaces(people, stage, request) }));
}

/** For whom they may decide: themselves first. */
function heldFor({ namespace, requester }: KnownRequest, person: Person, { known }: WaitingDeps, at: number): readonly Person[] {
  const without = new Set([requester.username, requester.submittedBy].filter((name) => name !== undefined));
  return principalsOf(person, known.delegations.in(namespace), { at, without }).principals;
}

/** Of them, themselves and those whose place in the stage is not taken: that of whoever has decided, or had somebody decide for them, is. */
function withPlaces([self, ...others]: readonly Person[], stage: ResolvedStage, request: KnownRequest): Person[] {
  const { status } = request;
  const inStead = new Set(
    (status?.decisions ?? []).flatMap((d) =>
      d.digest === status?.subjectDigest && d.counted && isHeardIn(stage, d) ? [d.onBehalfOf] : [],
    ),
  );
  const held = others.filter(({ username }) => !hasVoted(username, request, stage) && !inStead.has(username));
  return self === undefined ? held : [self, ...held];
}

const isOpen = ({ state }: ResolvedStage): boolean => state === 'Active' || state === 'Escalated';
