import type { ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { principalsOf } from '../../operator/core/delegation.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import { mayApprove } from '../../operator/core/quorum.ts';
import { isHeardIn } from '../../operator/core/saidBefore.ts';
import { isOpen } from '../../operator/core/stageStates.ts';
import { policiesToAsk, statusPoll } from '../../operator/core/statusPoll.ts';
import { hasVoted, isSettled, type KnownRequest } from './requests.ts';
import type { RequestDeps } from './routes/deps.ts';

/** By what it is told for whom a request waits. */
export type WaitingDeps = Pick<RequestDeps, 'permissionsOf' | 'client'> & { readonly known: Pick<RequestDeps['known'], 'delegations'> };

/**
 * Whether a request waits for this person's vote: a stage that is open asks them, or somebody in whose stead they may decide, and they have said nothing that
 * it hears about the request as it is now.
 */
export const waitsFor = (request: KnownRequest, person: Person, deps: WaitingDeps): Promise<boolean> => waitingFor(person, deps)(request);

/** The same of many requests, for one answer: for whom the person may decide is found out once for those of one namespace that the same people asked for. */
export function waitingFor(person: Person, deps: WaitingDeps): (request: KnownRequest) => Promise<boolean> {
  const now = deps.client.now();
  const heldFor = holding(person, deps, now);
  return async (request) => {
    const { namespace, requester, spec, status } = request;
    if (status === undefined || spec.draft || spec.cancelled || isSettled(request)) return false;
    const stages = status.stages.filter((stage) => isOpen(stage) && !hasVoted(person.username, request, stage));
    if (stages.length === 0) return false;
    const people = heldFor(request);
    const permissions = await deps.permissionsOf({ namespace, people, policies: policiesToAsk(stages) });
    const poll = statusPoll({ requester, stages: status.stages }, permissions, now);
    return stages.some((stage) => mayApprove(stage, person, { ...poll, principalsOf: () => withPlaces(people, stage, request) }));
  };
}

/** For whom they may decide: themselves first. */
function holding(person: Person, { known }: WaitingDeps, at: number): (request: KnownRequest) => readonly Person[] {
  const found = new Map<string, readonly Person[]>();
  return ({ namespace, requester: { username, submittedBy } }) => {
    const delegations = known.delegations.in(namespace);
    if (!delegations.byTo.has(person.username)) return [person];
    const key = JSON.stringify([namespace, username, submittedBy]);
    const without = new Set([username, submittedBy].filter((name) => name !== undefined));
    const people = found.get(key) ?? principalsOf(person, delegations, { at, without }).principals;
    found.set(key, people);
    return people;
  };
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
