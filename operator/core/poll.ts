import type { Requester } from '../../crds/v1alpha1/index.ts';
import { delegationsOf, principalsOf, type Delegations } from './delegation.ts';
import type { DelegationSeen, Observation } from './facts.ts';
import type { Poll } from './quorum.ts';
import { standInsOf } from './reassign.ts';
import type { AskedStage } from './resolve.ts';
import { variablesOf } from './rules/variables.ts';
import type { StageTimes } from './timing.ts';

/** Everything by which votes on a request are counted. */
export function pollOf(
  facts: Observation,
  requester: Requester,
  stages: readonly AskedStage[],
  timesOf: (stage: AskedStage) => StageTimes,
): Poll {
  const requesters = [requester.username, ...(requester.submittedBy === undefined ? [] : [requester.submittedBy])];
  const standIns = standInsOf(stages, facts);
  // Followed only where somebody votes: most requests are planned before anybody has.
  let delegations: Delegations | undefined;
  return {
    now: facts.now,
    requesters,
    permissions: facts.permissions,
    timesOf,
    standInsOf: (stage) => standIns.get(stage) ?? [],
    principalsOf: (person) => {
      if (facts.delegations.length === 0) return [person];
      delegations ??= delegationsOf(applying(facts, requester));
      return principalsOf(person, delegations, { at: person.votedAt ?? facts.now, without: new Set(requesters) }).principals;
    },
  };
}

function applying(facts: Observation, requester: Requester) {
  const variables = variablesOf(facts, requester);
  return facts.delegations.map(({ when, ...delegation }) => ({ ...delegation, applies: isTrue(when, variables) }));
}

/** Where it cannot be told, nobody decides for anybody. */
function isTrue(when: DelegationSeen['when'], variables: Readonly<Record<string, unknown>>): boolean {
  if (when === undefined) return true;
  if (when === 'faulty') return false;
  const result = when.run(variables);
  return result.ok && result.value === true;
}
