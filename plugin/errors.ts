import { CountersignError } from '../operator/core/errors.ts';

/** What the process ends with. These numbers are part of the API: scripts test them. */
export const exitCode = { done: 0, refused: 1, usage: 2, timedOut: 3 } as const;

/** The command line makes no sense; nothing was asked of the cluster. Exit code 2. */
export class UsageError extends CountersignError {
  constructor(message: string) {
    super('Usage', message);
  }
}

/** It was understood and cannot be done, or the answer is no. Exit code 1. */
export class RefusedError extends CountersignError {
  constructor(message: string, code = 'Refused') {
    super(code, message);
  }
}

/** Nobody had decided when the time was up. Exit code 3. */
export class TimedOutError extends CountersignError {
  constructor(message: string) {
    super('TimedOut', message);
  }
}
