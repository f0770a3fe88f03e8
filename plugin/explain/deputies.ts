import type { CyclesAndCuts, DelegationFacts } from '../../operator/core/delegation.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import type { Request } from '../request.ts';

/** Who decides in whose stead, for requests that were read. */
export interface Delegated {
  /** For whom somebody may decide about a request, themselves aside. */
  readonly principals: (request: Request, person: Person) => Person[];
  /** Who may decide for somebody, each as the chain from them to who decides. */
  readonly deputies: (request: Request, username: string) => readonly (readonly string[])[];
  /** Delegations in a circle, and people to whom more lead than are followed, of those that apply to a request. */
  readonly cyclesAndCuts: (request: Request) => CyclesAndCuts;
  /** Delegations that do not count for a request because of who wrote them. */
  readonly uncounted: (request: Request) => readonly Pick<DelegationFacts, 'name' | 'from' | 'author'>[];
  /** A sentence for each delegation that was asked for by now and whose condition failed for a request: nobody decides for anybody by it. */
  readonly failed: (request: Request) => readonly string[];
  /** The people whom a platform team says are in a group. */
  readonly members: (group: string) => readonly string[];
}

/** Nobody decides for anybody, as far as is known. */
export const nobodyDelegated: Delegated = {
  principals: () => [],
  deputies: () => [],
  cyclesAndCuts: () => ({ cycles: [], cut: [] }),
  uncounted: () => [],
  failed: () => [],
  members: () => [],
};
