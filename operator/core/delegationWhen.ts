import type { Requester } from '../../crds/v1alpha1/index.ts';
import type { DelegationFacts } from './delegation.ts';
import type { DelegationSeen, Observation } from './facts.ts';
import { variablesOf, type Described } from './rules/variables.ts';
import { sharesOf } from './shares.ts';

/** The delegations around a request, whose conditions are read as they are asked for. */
export interface ReadDelegations {
  /** `applies` is found out when it is asked for, once. */
  readonly delegations: readonly DelegationFacts[];
  /** A sentence for each of those that were asked for and whose condition failed: nobody decides for anybody by them. */
  readonly failed: () => readonly string[];
}

/**
 * Reads `when` only of those delegations that lead to somebody who votes. Anybody may write delegations in their own name, however many and with whatever
 * conditions: what each author's may cost is a share that others cannot spend.
 */
export function readDelegations(facts: Described & Pick<Observation, 'delegations'>, requester: Requester): ReadDelegations {
  const failed: string[] = [];
  const variables = variablesOf(facts, requester);
  const meterOf = sharesOf(
    facts.delegations.filter((d) => d.when !== undefined),
    { whose: (d) => d.author, spent: tooMuch },
  );
  const applies = (delegation: DelegationSeen): boolean => {
    const { when } = delegation;
    if (when === undefined) return true;
    const result = when === 'faulty' ? notCompiled : when.run(variables, meterOf(delegation));
    if (!result.ok) failed.push(`ApprovalDelegation ${delegation.name} does not count, as its when cannot be read: ${result.fault}.`);
    return result.ok && result.value === true;
  };
  return { delegations: facts.delegations.map((seen) => withCondition(seen, applies)), failed: () => failed };
}

function withCondition({ when, ...delegation }: DelegationSeen, applies: (delegation: DelegationSeen) => boolean): DelegationFacts {
  let known: boolean | undefined;
  return {
    ...delegation,
    get applies() {
      return (known ??= applies(when === undefined ? delegation : { ...delegation, when }));
    },
  };
}

const notCompiled = { ok: false, fault: 'it does not compile' } as const;

const tooMuch = (steps: number, { author }: DelegationSeen): string =>
  `it takes more than ${steps} steps, its share of what all delegations may take: let it look at less, or let ${author} write fewer that have a when`;
