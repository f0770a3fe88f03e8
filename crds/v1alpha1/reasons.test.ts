import { describe, expect, it } from 'vitest';
import { Condition } from './conditions.ts';
import { ConditionType, IgnoredBecause, Reason } from './reasons.ts';

describe('condition types and reasons', () => {
  it.each(Object.entries({ ...Reason, ...IgnoredBecause }))('%s is its own value and one that the schema takes', (key, value) => {
    expect(value).toBe(key);
    const condition = { type: ConditionType.Ready, status: 'True', reason: value, message: '', lastTransitionTime: '2026-11-21T09:00:00Z' };
    expect(Condition.safeParse(condition).success).toBe(true);
  });
});
