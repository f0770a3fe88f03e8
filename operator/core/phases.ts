import type { ApprovalRequestStatus, RequestPhase } from '../../crds/v1alpha1/index.ts';
import { answerOf, type Outcome } from './outcome.ts';
import { isTrue } from './conditions.ts';

type Conditions = ApprovalRequestStatus['conditions'];

interface Row {
  readonly phase: RequestPhase;
  readonly when: (facts: PhaseFacts) => boolean;
}

interface PhaseFacts {
  readonly draft: boolean;
  /** The answer; the no that a yes came to in the end. */
  readonly outcome: Outcome | undefined;
  readonly isTrue: (type: string) => boolean;
  readonly someoneAsked: boolean;
}

/** The first row that fits is the phase. No row reads an earlier phase; the last one always fits. */
const table: readonly Row[] = [
  { phase: 'Draft', when: (f) => f.draft },
  { phase: 'Completed', when: (f) => f.isTrue('Released') && f.isTrue('Completed') },
  { phase: 'Applying', when: (f) => f.isTrue('Released') },
  { phase: 'Approved', when: (f) => f.outcome?.approved === true },
  { phase: 'Expired', when: (f) => f.outcome?.reason === 'Expired' },
  { phase: 'Cancelled', when: (f) => f.outcome?.reason === 'Cancelled' || f.outcome?.reason === 'SubjectGone' },
  { phase: 'Rejected', when: (f) => f.outcome !== undefined },
  { phase: 'Reviewing', when: (f) => f.someoneAsked },
  { phase: 'Submitted', when: () => true },
];

/** How the conditions read, in one word. */
export function phaseOf(conditions: Conditions, { draft, someoneAsked }: { draft: boolean; someoneAsked: boolean }): RequestPhase {
  const facts: PhaseFacts = { draft, someoneAsked, isTrue: (type) => isTrue(conditions, type), outcome: answerOf(conditions) };
  return table.find((row) => row.when(facts))?.phase ?? 'Submitted';
}
