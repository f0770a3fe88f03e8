import { Problem } from '../http/problem.ts';

/** The database is away, or did not answer in time. Whoever called may repeat what they asked; `cause` is for the log and never shown. */
export class StoreUnavailable extends Problem {
  constructor(cause: unknown) {
    super(
      503,
      'store-unavailable',
      'The database of the approval service cannot be reached just now: repeat this in a few seconds. Meanwhile kubectl decides as ever.',
      { headers: { 'retry-after': '5' } },
    );
    this.cause = cause;
  }
}
