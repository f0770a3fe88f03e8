import type { Condition, ConditionType, Reason } from '../../crds/v1alpha1/index.ts';

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

/**
 * The next list of conditions: each statement, with the time its status last changed. A type that no statement names is kept as it was.
 * `now` is in milliseconds since the epoch.
 */
export function withStatements(
  before: readonly Condition[],
  statements: readonly Statement[],
  { now, generation }: { now: number; generation: number },
): Condition[] {
  const said = new Set<string>(statements.map((s) => s.type));
  const kept = before.filter((c) => !said.has(c.type));
  return [...statements.map((s) => next(before, s, now, generation)), ...kept];
}

function next(before: readonly Condition[], statement: Statement, now: number, generation: number): Condition {
  const old = before.find((c) => c.type === statement.type);
  const changed = old?.status !== statement.status;
  return {
    ...statement,
    message: statement.message.slice(0, 1024),
    lastTransitionTime: changed ? rfc3339(now) : old.lastTransitionTime,
    observedGeneration: generation,
  };
}

/** A time as Kubernetes writes it: RFC 3339, in UTC, to the second. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
