import { describe, expect, it } from 'vitest';
import { decision, group, later, minutes, observation, policy, settle, stage, user } from '../../test/fixtures/facts.ts';
import type { DecisionFacts } from './facts.ts';
import { plan } from './plan.ts';

const escalating = stage('finance', 2, [user('bob'), user('carla')], {
  timeout: '10m',
  onTimeout: 'Escalate',
  escalation: { from: [group('on-call'), user('bob')], count: 1, timeout: '5m' },
});
const board = stage('board', 1, [user('dora')]);
const at = (minute: number) => ({ time: new Date(minutes(minute)).toISOString().replace('.000Z', 'Z') });
const olga = () => decision('olga', 'Approve', { groups: ['on-call'], ...at(11) });

/** The request as it is at that minute, asked at the first, with these decisions. */
function at11(decisions: DecisionFacts[], stages = [escalating], minute = 11) {
  const asked = settle(observation({ policies: [policy('tiers', { stages })], now: minutes(0) }));
  return plan(later(asked, { now: minutes(minute), decisions })).status;
}

describe('a stage that has escalated', () => {
  it('is not, a moment before', () => {
    const status = at11([olga()], [escalating], 9);
    expect(status.stages[0]).toMatchObject({ state: 'Active', required: 2, approvals: 0 });
    expect(status.decisions).toMatchObject([{ approver: 'olga', counted: false, ignoredBecause: 'NotQualified' }]);
  });

  it('keeps what its own people have said: they are still enough', () => {
    const carla = decision('carla', 'Approve', at(1));
    const status = at11([carla]);
    expect(status.stages[0]).toMatchObject({ state: 'Escalated', required: 1, approvals: 0, require: [{ approvedBy: ['carla'] }] });
    expect(status.decisions).toMatchObject([{ approver: 'carla', counted: true }]);
    expect(status.conditions.find((c) => c.type === 'Approved')?.message).toBe(
      'Waiting for 1 of group on-call or user bob, or instead 1 of user bob or user carla (stage finance, escalated).',
    );
    const done = at11([carla, decision('bob', 'Approve', at(11))]);
    expect(done.stages[0]).toMatchObject({ state: 'Satisfied', require: [{ approvedBy: ['bob', 'carla'] }] });
  });

  it('shows nobody in two places', () => {
    expect(at11([decision('bob', 'Approve', at(1))]).stages[0]).toMatchObject({
      state: 'Satisfied',
      require: [{ approvedBy: [] }],
      escalation: { approvedBy: ['bob'] },
    });
    const both = stage('board', 1, [user('carla')]);
    const [first, second] = at11([decision('carla', 'Approve', at(1))], [escalating, both]).stages;
    expect([first?.require[0]?.approvedBy, second?.require[0]?.approvedBy]).toEqual([[], ['carla']]);
  });

  it('is satisfied by those it escalates to, whatever its own people lack', () => {
    const status = at11([decision('carla', 'Approve', at(1)), olga()], [escalating, board]);
    expect(status.stages).toMatchObject([{ state: 'Satisfied', escalation: { approvedBy: ['olga'] } }, { state: 'Active' }]);
  });

  it('is over once they are out of time as well', () => {
    expect(at11([], [escalating], 15)).toMatchObject({ phase: 'Expired', stages: [{ state: 'Expired' }] });
  });
});
