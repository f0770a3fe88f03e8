import type { Sighting } from '../cluster/follow.ts';
import { conditionOf, isSettled, isTrue, outcome, outcomeText, phaseText, type Request } from '../request.ts';

/** What `wait` may wait for. */
export const goals = ['approved', 'settled', 'completed'] as const;
export type Goal = (typeof goals)[number];

/** The end of a wait: whether it was a yes, and the sentence that says so. */
export interface Arrival {
  readonly good: boolean;
  readonly message: string;
}

/** Whether what is seen ends a wait for the goal; undefined while it does not. A no ends every wait. Pure. */
export function arrival(seen: Sighting, goal: Goal): Arrival | undefined {
  if (seen === 'deleted') return { good: false, message: 'The request was deleted.' };
  if (outcome(seen) === 'refused') return { good: false, message: outcomeText(seen, 'Approved') };
  if (!isTrue(seen, 'Approved')) return undefined;
  if (goal === 'approved') return { good: true, message: outcomeText(seen, 'Approved') };
  if (!isSettled(seen)) return undefined;
  // Approval of something that is not run here has nothing to complete.
  if (goal === 'settled' || !seen.governs) return { good: true, message: outcomeText(seen, 'Approved') };
  if (!isTrue(seen, 'Completed')) return undefined;
  return { good: conditionOf(seen, 'Completed')?.reason === 'Succeeded', message: outcomeText(seen, 'Completed') };
}

/** Where a request stands, in a few words: `Reviewing, finance 1/2, security waiting`. */
export function progress(request: Request): string {
  const stages = (request.status?.stages ?? []).map((s) =>
    s.state === 'Waiting'
      ? `${s.name} waiting`
      : `${s.name} ${s.approvals}/${s.required}${s.state === 'Active' ? '' : ` ${s.state.toLowerCase()}`}`,
  );
  return [phaseText(request), ...stages].join(', ');
}
