import type { Requester } from '../../crds/v1alpha1/index.ts';
import { delegationsOf, principalsOf, type Delegations } from './delegation.ts';
import type { Person } from './eligibility.ts';
import type { DelegationSeen, Observation } from './facts.ts';
import type { MaybeVoter, Poll } from './quorum.ts';
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
  // Whoever submitted it and whom they name, whether or not that is believed: neither says yes to what may be their own.
  const named = [requester.username, facts.request.requester.username, requester.submittedBy, facts.request.onBehalfOf];
  const requesters = [...new Set(named.filter((name) => name !== undefined))];
  const standIns = standInsOf(stages, facts);
  // Followed only where somebody votes: most requests are planned before anybody has.
  let delegations: Delegations | undefined;
  const principals = (person: MaybeVoter, byAnyAuthor: boolean): readonly Person[] => {
    if (facts.delegations.length === 0) return [person];
    delegations ??= delegationsOf(applying(facts, requester));
    return principalsOf(person, delegations, { at: person.votedAt ?? facts.now, without: new Set(requesters), byAnyAuthor }).principals;
  };
  return {
    now: facts.now,
    requesters,
    permissions: facts.permissions,
    timesOf: once(timesOf),
    standInsOf: (stage) => standIns.get(stage) ?? [],
    principalsOf: once((person) => principals(person, false)),
    principalsByAnyAuthor: (person) => principals(person, true),
  };
}

/** Looks each thing up once: counting asks the same of every stage and every place. */
function once<Thing extends object, Answer extends object>(lookUp: (thing: Thing) => Answer): (thing: Thing) => Answer {
  const known = new Map<Thing, Answer>();
  return (thing) => {
    const before = known.get(thing);
    if (before !== undefined) return before;
    const answer = lookUp(thing);
    known.set(thing, answer);
    return answer;
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
