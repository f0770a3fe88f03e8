import type { ApprovalRequestStatus, Reason } from '../../crds/v1alpha1/index.ts';
import { isTrue, rfc3339 } from './conditions.ts';
import type { Evaluation } from './evaluation.ts';
import type { Observation } from './facts.ts';

/** How a request ended: for good, with a yes or a no. */
export interface Outcome {
  readonly approved: boolean;
  readonly reason: Reason;
  readonly message: string;
}

/** The outcome that the conditions record; undefined while it is open. It is on record once `Settled` is True, and never changes. */
export function outcomeOf(conditions: ApprovalRequestStatus['conditions']): Outcome | undefined {
  if (!isTrue(conditions, 'Settled')) return undefined;
  const approved = conditions.find((c) => c.type === 'Approved');
  if (approved === undefined || approved.status === 'Unknown') return undefined;
  return { approved: approved.status === 'True', reason: approved.reason as Reason, message: approved.message };
}

/** Why a condition may say that approved work is not let go any more. */
const withdrawals: readonly string[] = ['ApprovalExpired', 'Expired', 'Cancelled', 'Rejected', 'PolicyViolation'] satisfies Reason[];

/** The no, on record, that an approval came to before its work was let go or, let go, before it began. It is as final as a refusal. */
export function withdrawalOf(conditions: ApprovalRequestStatus['conditions']): Outcome | undefined {
  const released = conditions.find((c) => c.type === 'Released');
  if (outcomeOf(conditions)?.approved !== true || released?.status !== 'False' || !withdrawals.includes(released.reason)) return undefined;
  return { approved: false, reason: released.reason as Reason, message: released.message };
}

/** What became of a request for whoever follows it: its outcome, or the no that its yes came to. */
export function answerOf(conditions: ApprovalRequestStatus['conditions']): Outcome | undefined {
  const withdrawn = withdrawalOf(conditions);
  if (withdrawn === undefined) return outcomeOf(conditions);
  return withdrawn.reason === 'ApprovalExpired' ? { ...withdrawn, reason: 'Expired' } : withdrawn;
}

/** The outcome that the facts demand now; undefined while people still decide. A no is looked for before a yes. */
export function decide(facts: Observation, evaluation: Evaluation): Outcome | undefined {
  if (facts.request.spec.cancelled) return no('Cancelled', 'Cancelled on request.');
  if (!facts.subject.exists) return no('SubjectGone', 'What was to be approved does not exist any more.');
  if (facts.subject.bypassed === true) {
    return no(
      'Cancelled',
      'The work was started without this gate, by somebody who could switch it off; the audit log of the API server knows who.',
    );
  }
  switch (evaluation.verdict) {
    case 'Overridden':
      return { approved: true, reason: 'Overridden', message: overriddenMessage(evaluation) };
    case 'PolicyViolation':
      return no('PolicyViolation', violationMessage(evaluation));
    case 'StandingApproval':
      return {
        approved: true,
        reason: 'StandingApproval',
        message: `Approved along with ${evaluation.approvedUnder ?? '?'}, for further runs of the same.`,
      };
    case 'Rejected':
      return no('Rejected', rejectedMessage(evaluation));
    case 'Expired':
      return no('Expired', expiredMessage(evaluation));
    case 'AutoApproved':
      return { approved: true, reason: 'AutoApproved', message: autoMessage(evaluation) };
    case 'Approved':
      return { approved: true, reason: 'Approved', message: approvedMessage(evaluation) };
    case 'Pending':
    case 'Frozen':
    case 'Faulty':
    case 'TooMany':
    case 'NobodyAsked':
    case 'NoPolicy':
      return undefined;
  }
}

const no = (reason: Reason, message: string): Outcome => ({ approved: false, reason, message });

const names = (list: readonly string[]): string => [...new Set(list)].sort().join(', ');

function approvedMessage({ stages }: Evaluation): string {
  return `Approved by ${names(stages.flatMap((s) => [...s.require.flatMap((r) => r.approvedBy), ...(s.escalation?.approvedBy ?? [])]))}.`;
}

function autoMessage({ policies }: Evaluation): string {
  return `Approved without asking anybody, by ${names(policies.map((p) => `rule ${p.autoApproves ?? '?'} of ${p.kind} ${p.name}`))}.`;
}

function overriddenMessage({ override }: Evaluation): string {
  return `Overridden by ${names(override?.by ?? [])}, ticket ${override?.ticket ?? '?'}.`;
}

function violationMessage({ policies }: Evaluation): string {
  return policies
    .flatMap((p) => (p.violations ?? []).map((message) => `${p.kind} ${p.name}: ${message}`))
    .filter((message, index, all) => all.indexOf(message) === index)
    .join('; ');
}

function rejectedMessage({ stages, decisions, lateStage }: Evaluation): string {
  if (lateStage !== undefined && !stages.some((s) => s.state === 'Rejected')) return `Stage ${lateStage} was not satisfied in time.`;
  const who = names(stages.flatMap((s) => s.rejectedBy ?? []));
  const reason = decisions.find((d) => d.counted && d.verdict === 'Reject' && d.reason !== undefined)?.reason;
  return `Rejected by ${who}${reason === undefined ? '.' : `: ${reason}`}`;
}

function expiredMessage({ lateStage, expiresAt }: Evaluation): string {
  return lateStage === undefined ? `Nobody agreed before ${rfc3339(expiresAt)}.` : `Stage ${lateStage} was not satisfied in time.`;
}
