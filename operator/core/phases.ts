import type { ApprovalRequestStatus, Reason, RequestPhase } from '../../crds/v1alpha1/index.ts';
import { outcomeOf, type Outcome } from './outcome.ts';

/** What conditions say of an approval that nobody used in time. */
export const lapsedReason: Reason = 'ApprovalExpired';

type Conditions = ApprovalRequestStatus['conditions'];

interface Row {
  readonly phase: RequestPhase;
  readonly when: (facts: PhaseFacts) => boolean;
}

interface PhaseFacts {
  readonly draft: boolean;
  readonly outcome: Outcome | undefined;
  readonly isTrue: (type: string) => boolean;
  readonly someoneAsked: boolean;
  /** The approval was not used in time. */
  readonly lapsed: boolean;
}

/** The first row that fits is the phase. No row reads an earlier phase; the last one always fits. */
const table: readonly Row[] = [
  { phase: 'Draft', when: (f) => f.draft },
  { phase: 'Completed', when: (f) => f.isTrue('Released') && f.isTrue('Completed') },
  { phase: 'Expired', when: (f) => f.lapsed },
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
  const lapsed = conditions.some(
    (c) => c.reason === lapsedReason && (c.type === 'Released' || c.type === 'Stalled') && c.status !== 'Unknown',
  );
  const isTrue = (type: string): boolean => conditions.some((c) => c.type === type && c.status === 'True');
  const facts: PhaseFacts = { draft, someoneAsked, isTrue, lapsed, outcome: outcomeOf(conditions) };
  return table.find((row) => row.when(facts))?.phase ?? 'Submitted';
}
