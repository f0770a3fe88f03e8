import { describe, expect, it } from 'vitest';
import { guardName } from './objects.ts';
import { isMarkedBy, isRefusedByBackstop, whenId, type GuardedPolicy } from './index.ts';

const when = 'object.spec.parallelism > 10';
const job = { apiGroups: ['batch'], kinds: ['Job'] } as GuardedPolicy['match'][number];
const policy: GuardedPolicy = { kind: 'ApprovalPolicy', namespace: 'team', name: 'pay', match: [job, { ...job, when }] };
const refusal = (guard: string): string =>
  `jobs.batch "x" is forbidden: ValidatingAdmissionPolicy '${guard}' with binding '${guard}.1' denied request: no`;

describe('a probe that is refused', () => {
  it("tells the policy's own backstop, which bites before anything holds, from other refusals", () => {
    expect(isRefusedByBackstop(policy, refusal(guardName('held', policy)))).toBe(true);
    expect(isRefusedByBackstop(policy, refusal(guardName(`held-${whenId(when)}`, policy)))).toBe(true);
    expect(isRefusedByBackstop(policy, refusal(guardName('held', { ...policy, name: 'payments' })))).toBe(false);
    expect(isRefusedByBackstop(policy, refusal(guardName('rules', policy)))).toBe(false);
    expect(isRefusedByBackstop(policy, refusal('countersign-operator-jobs'))).toBe(false);
    expect(isRefusedByBackstop(policy, 'exceeded quota: none')).toBe(false);
  });
});

describe('a probe that comes back', () => {
  const back = (mark: string) => ({ metadata: { annotations: { [mark]: 'x' } } });

  it('is held where it bears the mark of the policy, and audited where it bears the other', () => {
    expect(isMarkedBy(policy, back('policy.countersign.dev/team.pay'))).toBe(true);
    expect(isMarkedBy(policy, back('audit.countersign.dev/team.pay'))).toBe(false);
    expect(isMarkedBy({ ...policy, enforcement: 'Audit' }, back('audit.countersign.dev/team.pay'))).toBe(true);
    expect(isMarkedBy({ ...policy, enforcement: 'Audit' }, back('policy.countersign.dev/team.pay'))).toBe(false);
  });

  it('is not audited as long as what held before still holds', () => {
    const both = { ...back('policy.countersign.dev/team.pay').metadata.annotations, 'audit.countersign.dev/team.pay': 'would-hold' };
    expect(isMarkedBy({ ...policy, enforcement: 'Audit' }, { metadata: { annotations: both } })).toBe(false);
  });
});
