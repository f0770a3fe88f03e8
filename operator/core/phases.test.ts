import { describe, expect, it } from 'vitest';
import { requestPhases, type Condition } from '../../crds/v1alpha1/index.ts';
import { outcomeOf, withdrawalOf } from './outcome.ts';
import { phaseOf } from './phases.ts';

const is = (text: string): Condition => {
  const [type = '', status = '', reason = 'X'] = text.split(' ');
  return { type, status: status as Condition['status'], reason, message: 'm', lastTransitionTime: '2026-03-02T09:00:00Z' };
};
const rows: [string, string[], { draft?: boolean; someoneAsked?: boolean }][] = [
  ['Draft', [], { draft: true }],
  ['Draft', ['Approved Unknown Draft'], { draft: true, someoneAsked: true }],
  ['Submitted', [], {}],
  ['Submitted', ['Approved Unknown NobodyAsked'], {}],
  ['Reviewing', ['Approved Unknown Reviewing'], { someoneAsked: true }],
  ['Reviewing', ['Approved True Approved'], { someoneAsked: true }],
  ['Reviewing', ['Approved Unknown Reviewing', 'Settled True'], { someoneAsked: true }],
  ['Approved', ['Approved True Approved', 'Settled True'], {}],
  ['Approved', ['Approved True Approved', 'Settled True', 'Released False', 'Completed True'], {}],
  ['Expired', ['Approved True Approved', 'Settled True', 'Released False ApprovalExpired'], {}],
  ['Expired', ['Approved True Approved', 'Settled True', 'Released False Expired'], {}],
  ['Cancelled', ['Approved True Approved', 'Settled True', 'Released False Cancelled'], {}],
  ['Rejected', ['Approved True Approved', 'Settled True', 'Released False Rejected'], {}],
  ['Rejected', ['Approved True Approved', 'Settled True', 'Released False PolicyViolation'], {}],
  ['Applying', ['Approved True Approved', 'Settled True', 'Released True', 'Completed False'], {}],
  ['Completed', ['Approved True Approved', 'Settled True', 'Released True', 'Completed True Failed'], {}],
  ['Rejected', ['Approved False Rejected', 'Settled True'], {}],
  ['Rejected', ['Approved False PolicyViolation', 'Settled True'], {}],
  ['Expired', ['Approved False Expired', 'Settled True'], {}],
  ['Cancelled', ['Approved False Cancelled', 'Settled True'], {}],
  ['Cancelled', ['Approved False SubjectGone', 'Settled True'], {}],
];

describe('the phase of a request', () => {
  it.each(rows)('is %s when %j, %j', (phase, conditions, { draft = false, someoneAsked = false }) => {
    expect(phaseOf(conditions.map(is), { draft, someoneAsked })).toBe(phase);
  });

  it('has a row for each phase there is', () => {
    expect(new Set(rows.map(([phase]) => phase))).toEqual(new Set(requestPhases));
  });
});

describe('the no that a yes came to, on record', () => {
  it.each<[string, string[], string | undefined]>([
    ['none while it is held', ['Approved True Approved', 'Settled True', 'Released False Held'], undefined],
    ['none while it waits for the time', ['Approved True Approved', 'Settled True', 'Released False Frozen'], undefined],
    ['none when what was approved is gone', ['Approved True Approved', 'Settled True', 'Released False SubjectGone'], undefined],
    ['none once it was let go', ['Approved True Approved', 'Settled True', 'Released True Released'], undefined],
    ['none of what was refused at first', ['Approved False Expired', 'Settled True', 'Released False Expired'], undefined],
    ['that it was not used in time', ['Approved True Approved', 'Settled True', 'Released False ApprovalExpired'], 'ApprovalExpired'],
    ['that it was cancelled', ['Approved True AutoApproved', 'Settled True', 'Released False Cancelled'], 'Cancelled'],
  ])('is %s', (_what, conditions, reason) => {
    expect(withdrawalOf(conditions.map(is))?.reason).toBe(reason);
  });
});

describe('the outcome on record', () => {
  it.each<[string, string[], object | undefined]>([
    ['none without Settled', ['Approved True Approved'], undefined],
    ['none while Settled is not True', ['Approved True Approved', 'Settled False'], undefined],
    ['none when Approved is missing', ['Settled True'], undefined],
    ['none when Approved is Unknown', ['Approved Unknown Reviewing', 'Settled True'], undefined],
    ['a yes', ['Approved True AutoApproved', 'Settled True'], { approved: true, reason: 'AutoApproved', message: 'm' }],
    ['a no', ['Approved False Expired', 'Settled True'], { approved: false, reason: 'Expired', message: 'm' }],
  ])('is %s', (_what, conditions, outcome) => {
    expect(outcomeOf(conditions.map(is))).toEqual(outcome);
  });
});
