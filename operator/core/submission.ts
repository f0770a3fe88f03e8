import { isTrue } from './conditions.ts';
import type { DecisionFacts, Observation } from './facts.ts';
import { timeOf } from './timing.ts';

/** Whether what is asked for is not what the policies looked at when it was submitted: it is a new submission then. */
export function hasChanged({ request: { status }, subject }: Observation): boolean {
  return (
    status?.submittedAt !== undefined &&
    !isTrue(status.conditions, 'Settled') &&
    status.subjectDigest !== undefined &&
    subject.digest !== undefined &&
    status.subjectDigest !== subject.digest
  );
}

/** Since when it is about what it is about now, in milliseconds since the epoch; undefined where it was always so. */
export const aboutThisSince = (facts: Observation): number | undefined =>
  hasChanged(facts) ? facts.now : timeOf(facts.request.status?.resolvedAt);

/** The API server writes times to the second. */
const oneSecond = 1_000;

/**
 * Whether a decision is about what would run now. What was said before a change there and back was about something else, though that had this digest once:
 * whoever reassigned a stage chose who decides on what they saw then, and that goes with the votes.
 */
export function isAboutThis({ requestUid, digest, time }: DecisionFacts, facts: Observation): boolean {
  const since = aboutThisSince(facts);
  if (requestUid !== facts.request.uid || facts.subject.digest === undefined || digest !== facts.subject.digest) return false;
  return since === undefined || Date.parse(time) >= since - oneSecond;
}
