import { describe, expect, it } from 'vitest';
import { labels, policyMark, type ApprovalPolicySpec } from '../../../crds/v1alpha1/index.ts';
import { decision, observation, policy, stage, user } from '../../../test/fixtures/facts.ts';
import { plan } from '../../core/plan.ts';
import type { HeldFacts } from '../../workloads/index.ts';
import { asksItself } from './asking.ts';

const match: ApprovalPolicySpec['match'] = [{ apiGroups: ['batch'], kinds: ['Job'] }];
const both: ApprovalPolicySpec['match'] = [...match, { apiGroups: ['countersign.dev'], kinds: ['GovernedJob'] }];
const stages = [stage('any', 1, [user('bob')])];
const when = "object.metadata.name != ''";

/** Whether the rollback of a GovernedJob that bob agreed to is asked about by itself. */
function asks(changes: Partial<ApprovalPolicySpec>): boolean {
  const applying = policy('p', { stages, ...changes });
  const subject = { ...observation().subject, object: { metadata: { name: 'nightly' } } };
  const { status } = plan(observation({ subject, policies: [applying], decisions: [decision('bob')] }));
  const rollback = {
    namespace: 'payments',
    labels: { [labels.stage]: 'Rollback' },
    policyMarks: [policyMark(applying)],
    controller: { kind: 'GovernedJob', name: 'nightly', uid: 'u' },
  } as unknown as HeldFacts;
  const world = { requestFor: () => ({ status }), policiesFor: () => [applying] } as unknown as Parameters<typeof asksItself>[1];
  return asksItself(rollback, world);
}

describe('a rollback that the policy of its GovernedJob holds too', () => {
  it('is let go along with what people agreed to', () => {
    expect(asks({ match })).toBe(false);
    expect(asks({ match: both, stages: [{ ...stages[0]!, when }] })).toBe(false);
  });

  it('is asked about where the rules looked at the Job of the GovernedJob, and so not at the rollback', () => {
    expect(asks({ match, stages: [{ ...stages[0]!, when }] })).toBe(true);
    expect(asks({ match, validations: [{ expression: when, message: 'nameless' }] })).toBe(true);
  });
});
