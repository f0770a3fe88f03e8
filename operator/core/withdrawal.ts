import { shortestMs } from './duration.ts';
import type { Evaluation } from './evaluation.ts';
import type { Observation } from './facts.ts';
import { decide, withdrawalOf, type Outcome } from './outcome.ts';
import { isTrue, rfc3339 } from './conditions.ts';

/** Whether the work of a request was let go. */
export const isReleased = ({ subject, request }: Observation): boolean =>
  subject.released?.request === request.name || isTrue(request.status?.conditions, 'Released');

/** It runs, or may at any moment. */
const isUsed = ({ subject, request }: Observation): boolean =>
  subject.released?.request === request.name && subject.unused !== true && subject.ended === undefined;

/** When an approval that nobody has used is no longer good; undefined when it is good for ever, or used. */
export function lapseOf(facts: Observation, { policies }: Pick<Evaluation, 'policies'>, approvedAt: number): number | undefined {
  const { subject } = facts;
  if (subject.ended !== undefined || (isReleased(facts) && subject.unused !== true)) return undefined;
  const goodFor = shortestMs(policies.map((p) => p.approvalValidFor));
  return goodFor === undefined ? undefined : approvedAt + goodFor;
}

/**
 * The no that an approval has come to, though it stays on record as a yes: nobody used it while it was good, or it was held back until what holds it back
 * could only say no. Undefined while the work may still be let go, or was. Final once it is on record.
 */
export function withdrawal(facts: Observation, evaluation: Evaluation, approvedAt: number | undefined): Outcome | undefined {
  const { request, subject, now } = facts;
  // Nobody knows here whether a request with nothing to run was used.
  if (approvedAt === undefined || !request.governs || isUsed(facts)) return undefined;
  const onRecord = withdrawalOf(request.status?.conditions ?? []);
  if (onRecord !== undefined) return onRecord;
  const lapsesAt = lapseOf(facts, evaluation, approvedAt);
  if (lapsesAt !== undefined && lapsesAt <= now) {
    const message = `It was approved, but nobody used that before ${rfc3339(lapsesAt)}; ask again.`;
    return { approved: false, reason: 'ApprovalExpired', message };
  }
  if (isReleased(facts) || !subject.exists || subject.ended !== undefined) return undefined;
  const no = decide(facts, evaluation);
  if (no === undefined || no.approved || (no.reason === 'Expired' && isUntold(facts, evaluation))) return undefined;
  return { ...no, message: `It was approved, but before it was let go this came: ${no.message}` };
}

/** A policy is missing or broken: whether people agreed is known again once that is mended. */
const isUntold = ({ missingPolicies }: Observation, { policies }: Evaluation): boolean =>
  missingPolicies.length > 0 || policies.some((p) => p.fault !== undefined);
