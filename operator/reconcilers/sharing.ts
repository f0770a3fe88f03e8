import type { HeldFacts } from '../workloads/index.ts';
import type { RequestRecord } from './records.ts';

/** So many different parts are known at a time; then it begins anew, and what is shared already stays so. */
const mostParts = 4_096;

/**
 * Lets records that say the same share one copy of it: ten thousand requests that wait under one policy differ in little more than their names.
 * Records are never written to, so nobody notices but the garbage collector.
 */
export class Sharing {
  readonly #parts = new Map<string, unknown>();

  request(record: RequestRecord): RequestRecord {
    const { status } = record;
    return {
      ...record,
      requester: this.#one(record.requester),
      status: status === undefined ? undefined : this.#status(status),
    };
  }

  held(facts: HeldFacts): HeldFacts {
    return {
      ...facts,
      labels: this.#one(facts.labels),
      requester: this.#one(facts.requester),
      policyMarks: this.#one(facts.policyMarks),
      ...(facts.references === undefined ? {} : { references: this.#one(facts.references) }),
    };
  }

  #status(status: NonNullable<RequestRecord['status']>): NonNullable<RequestRecord['status']> {
    return {
      ...status,
      conditions: status.conditions.map((condition) => this.#one(condition)),
      policies: this.#one(status.policies),
      stages: this.#one(status.stages),
      ...(status.requester === undefined ? {} : { requester: this.#one(status.requester) }),
    };
  }

  #one<T>(part: T): T {
    const key = JSON.stringify(part);
    const known = this.#parts.get(key);
    if (known !== undefined) return known as T;
    if (this.#parts.size >= mostParts) this.#parts.clear();
    this.#parts.set(key, part);
    return part;
  }
}
