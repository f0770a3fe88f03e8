import type { Requester } from '../../crds/v1alpha1/index.ts';
import { delegationsOf, principalsOf, type Delegations } from './delegation.ts';
import { readDelegations, type ReadDelegations } from './delegationWhen.ts';
import type { MaybeVoter, Person } from './eligibility.ts';
import type { Observation } from './facts.ts';
import { once } from './once.ts';
import type { Poll } from './quorum.ts';
import { standInsOf } from './reassign.ts';
import type { AskedStage } from './resolve.ts';
import type { StageTimes } from './timing.ts';

/** A poll that tells which delegations it could not read. */
export interface ReadPoll extends Poll {
  /** A sentence for each delegation that leads to somebody who was asked about by now, and whose condition failed. */
  readonly failedDelegations: () => readonly string[];
}

/** Everything by which votes on a request are counted. */
export function pollOf(
  facts: Observation,
  requester: Requester,
  stages: readonly AskedStage[],
  timesOf: (stage: AskedStage) => StageTimes,
): ReadPoll {
  // Whoever submitted it and whom they name, whether or not that is believed: neither says yes to what may be their own.
  const named = [requester.username, facts.request.requester.username, requester.submittedBy, facts.request.onBehalfOf];
  const requesters = [...new Set(named.filter((name) => name !== undefined))];
  const standIns = standInsOf(stages, facts);
  // Followed only where somebody votes: most requests are planned before anybody has.
  let read: ReadDelegations | undefined;
  let delegations: Delegations | undefined;
  const principals = (person: MaybeVoter, byAnyAuthor: boolean): readonly Person[] => {
    if (facts.delegations.length === 0) return [person];
    read ??= readDelegations(facts, requester);
    delegations ??= delegationsOf(read.delegations);
    if (!delegations.byTo.has(person.username)) return [person];
    return principalsOf(person, delegations, { at: person.votedAt ?? facts.now, without: new Set(requesters), byAnyAuthor }).principals;
  };
  return {
    now: facts.now,
    requesters,
    timesOf: once(timesOf),
    rollOf: once((stage) => ({
      policy: stage.policy,
      permissions: facts.permissions,
      standIns: standIns.get(stage) ?? [],
      reassignTo: stage.reassignTo ?? [],
    })),
    principalsOf: once((person) => principals(person, false)),
    principalsByAnyAuthor: (person) => principals(person, true),
    failedDelegations: () => read?.failed() ?? [],
  };
}
