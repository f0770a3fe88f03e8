import type { AdmissionRequest, Verdict } from './review.ts';

/** Answers reviews of one kind of write. One file each. */
export interface AdmissionHandler {
  /** The path on which the API server asks; a RegExp where the path says more than that. */
  readonly path: string | RegExp;
  /** For logs and metrics: few and fixed. */
  readonly name: string;
  /** The kinds that it understands; a review of any other is denied. */
  readonly kinds: readonly string[];
  /** Judges. A throw means that it could not be judged: the API server is told so, and does what failurePolicy says. */
  review(request: AdmissionRequest, context: ReviewContext): Promise<Verdict> | Verdict;
}

export interface ReviewContext {
  /** The path that was asked. */
  readonly path: string;
  /** Aborted when the time for an answer is over. */
  readonly signal: AbortSignal;
}

export const allowed: Verdict = { allowed: true };

/** A refusal, with a message that names the field, what it was, what was expected and what to do. */
export const refuse = (message: string, code = 403): Verdict => ({ allowed: false, message, code });
