import { CountersignError } from '../core/errors.ts';

/** A write was stopped because this process does not lead (any more). */
export class NotLeader extends CountersignError {
  constructor(message: string) {
    super('NotLeader', message);
    this.name = 'NotLeader';
  }
}
