import { describe, expect, it } from 'vitest';
import type { ApprovalRequestStatus } from '../../../crds/v1alpha1/index.ts';
import { decision, group, minutes, observation, policy, settle, stage, user } from '../../../test/fixtures/facts.ts';
import { plan } from '../../core/plan.ts';
import { milestones } from './milestones.ts';

const override = { by: ['eve', 'mia'], ticket: 'INC-1', at: '2026-03-02T09:02:00Z' };
const reviewed = { ...override, reviewedBy: 'oda', reviewedAt: '2026-03-02T10:00:00Z' };
const told = (before: Parameters<typeof milestones>[0], now: Parameters<typeof milestones>[1]) =>
  milestones(before, now).map(({ type, reason, message }) => `${type} ${reason}: ${message}`);

describe('what should be seen of a request', () => {
  it('is nothing for one that people approve', () => {
    const before = settle(observation()).request.status;
    expect(told(undefined, before as ApprovalRequestStatus)).toEqual([]);
    expect(told(before, plan(observation({ decisions: [decision('bob')] })).status)).toEqual([]);
  });

  it('is an override and its review, each once', () => {
    const one = 'Warning Overridden: eve and mia overrode the policies (ticket INC-1). Somebody else must review that.';
    const two = 'Normal OverrideReviewed: oda reviewed the override by eve and mia.';
    expect(told(undefined, { stages: [], override })).toEqual([one]);
    expect(told({ stages: [], override }, { stages: [], override })).toEqual([]);
    expect(told({ stages: [], override }, { stages: [], override: reviewed })).toEqual([two]);
    expect(told({ stages: [], override: reviewed }, { stages: [], override: reviewed })).toEqual([]);
  });

  it('is an escalation, with who is asked, once', () => {
    const escalating = stage('finance', 1, [user('bob')], {
      timeout: '1m',
      onTimeout: 'Escalate',
      escalation: { from: [group('on-call')], count: 1 },
    });
    const asked = settle(observation({ policies: [policy('tiers', { stages: [escalating] })], now: minutes(0) }));
    const late = { ...asked, now: minutes(1.5) };
    const before = asked.request.status;
    const now = plan(late).status;
    expect(told(before, now)).toEqual([
      'Warning Escalated: Stage finance, which has asked since 2026-03-02T09:00:00Z, has escalated: 1 of group on-call is asked as well.',
    ]);
    expect(told(now, plan(settle(late)).status)).toEqual([]);
  });

  it('is a reassignment, and another one to somebody else', () => {
    const standIn = (to: string) => {
      const said = decision('rita', 'Reassign', { reassign: { stage: 'finance', from: 'bob', to } });
      const facts = observation({
        decisions: [said],
        permissions: { mayApprove: () => false, may: (verb, who) => verb === 'reassign' && who === 'rita' },
        managers: new Map([['bob', to]]),
      });
      return plan(facts).status;
    };
    expect(told({ stages: [] }, standIn('dan'))).toEqual(['Normal Reassigned: In stage finance dan is asked in place of bob, said rita.']);
    expect(told(standIn('dan'), standIn('dan'))).toEqual([]);
    expect(told(standIn('dan'), standIn('eve'))).toEqual(['Normal Reassigned: In stage finance eve is asked in place of bob, said rita.']);
  });
});
