import type { DecisionRecord } from '../../crds/v1alpha1/index.ts';
import { instant } from '../output/age.ts';
import { isTrue, type Request } from '../request.ts';
import type { Verdict } from './decidable.ts';
import { explain, ignoredText } from './why.ts';

/** What has come of a decision for one request. */
export interface Effect {
  readonly request: Request;
  /** `pending`: the operator has not taken it in yet. */
  readonly state: 'counted' | 'ignored' | 'pending';
  readonly message: string;
}

/** What the request's status says of the decision. `record`: the decision as the operator took it in, if it has. Pure. */
export function effectOf(request: Request, record: DecisionRecord | undefined, said: Verdict): Effect {
  if (record === undefined) return { request, state: 'pending', message: 'It is recorded; the operator has not taken it in yet.' };
  if (said.verdict === 'Comment') return { request, state: 'counted', message: 'Comments count for nothing.' };
  // This comes after the request was settled: what it does is seen in what it is about, not in the request's own outcome.
  if (said.revokes === true && request.status?.standing?.revokedBy === record.approver) {
    return { request, state: 'counted', message: 'The standing approval is over; further runs ask again.' };
  }
  if (!record.counted) return { request, state: 'ignored', message: `It does not count: ${ignoredText(record)}` };
  return { request, state: 'counted', message: counted(request, said) };
}

function counted(request: Request, { verdict, reassign, standing }: Verdict): string {
  const { headline } = explain(request);
  switch (verdict) {
    case 'Override':
      return request.status?.override === undefined
        ? 'It takes a second person with the verb override, who names a ticket as well.'
        : `${headline} It must be reviewed afterwards: kubectl approve review ${request.name}`;
    case 'Reassign':
      return `${reassign?.to ?? ''} is asked in place of ${reassign?.from ?? ''}. ${headline}`;
    case 'Approve':
      return standing === undefined ? headline : `${headline} ${standingMessage(request)}`;
    case 'Review':
      return 'The review is on record; whoever overrode may do so again.';
    case 'Reject':
    case 'Comment':
      return headline;
  }
}

function standingMessage(request: Request): string {
  const agreed = request.status?.standing;
  if (agreed !== undefined) return `Covers ${agreed.runs} further runs of ${agreed.covers} until ${instant(agreed.until)}.`;
  return isTrue(request, 'Approved')
    ? 'No further runs are covered: everybody whose approval counts must agree to that.'
    : 'Further runs are covered once everybody whose approval counts has agreed to that as well.';
}
