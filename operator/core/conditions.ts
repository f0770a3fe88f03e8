import type { Condition } from '../../crds/v1alpha1/index.ts';
// Not from the index: whoever bundles the core would carry the schemas along.
import { ConditionType, type Reason } from '../../crds/v1alpha1/reasons.ts';

/** What a condition says, before it is known whether that is new. */
export interface Statement {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}

export const says = (type: ConditionType, status: Condition['status'], reason: Reason, message: string): Statement => ({
  type,
  status,
  reason,
  message,
});

/** Whether a condition of this type is there and says True. */
export const isTrue = (conditions: readonly Pick<Condition, 'type' | 'status'>[] | undefined, type: string): boolean =>
  conditions?.some((c) => c.type === type && c.status === 'True') ?? false;

const order: readonly string[] = Object.values(ConditionType);

/**
 * The next list of conditions: each statement, with the time its status last changed. A type that no statement names is kept as it was. Their order
 * is that of `ConditionType`, whatever it was before. `now` is in milliseconds since the epoch.
 */
export function withStatements(
  before: readonly Condition[],
  statements: readonly Statement[],
  { now, generation }: { now: number; generation: number },
): Condition[] {
  const said = new Set<string>(statements.map((s) => s.type));
  const kept = before.filter((c) => !said.has(c.type));
  const all = [...statements.map((s) => next(before, s, now, generation)), ...kept];
  return all.sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
}

function next(before: readonly Condition[], statement: Statement, now: number, generation: number): Condition {
  const old = before.find((c) => c.type === statement.type);
  const changed = old?.status !== statement.status;
  return {
    ...statement,
    message: shortened(statement.message, 1024),
    lastTransitionTime: changed ? rfc3339(now) : old.lastTransitionTime,
    observedGeneration: generation,
  };
}

// Never cut between the halves of a surrogate pair: what the API server stores would not be what was sent, and look like a change for ever.
const shortened = (text: string, most: number): string => text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');

const lastMs = Date.parse('9999-12-31T23:59:59Z');

/** A time as Kubernetes writes it: RFC 3339, in UTC, to the second; what is later than that can write is its last. */
export const rfc3339 = (ms: number): string => new Date(Math.min(ms, lastMs)).toISOString().replace(/\.\d{3}Z$/, 'Z');
