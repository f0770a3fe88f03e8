import { describe, expect, it } from 'vitest';
import { guardName } from './objects.ts';
import { isRefusedByBackstop, type GuardedPolicy } from './index.ts';

const policy: GuardedPolicy = { kind: 'ApprovalPolicy', namespace: 'team', name: 'pay', match: [] };
const refusal = (guard: string): string =>
  `jobs.batch "x" is forbidden: ValidatingAdmissionPolicy '${guard}' with binding '${guard}.1' denied request: no`;

describe('a probe that is refused', () => {
  it("tells the policy's own backstop, which bites before anything holds, from other refusals", () => {
    expect(isRefusedByBackstop(policy, refusal(guardName('held', policy)))).toBe(true);
    expect(isRefusedByBackstop(policy, refusal(guardName('held', { ...policy, name: 'payments' })))).toBe(false);
    expect(isRefusedByBackstop(policy, refusal('countersign-operator-jobs'))).toBe(false);
    expect(isRefusedByBackstop(policy, 'exceeded quota: none')).toBe(false);
  });
});
