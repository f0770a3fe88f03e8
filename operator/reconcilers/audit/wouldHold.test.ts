import { expect, test } from 'vitest';
import type { Evaluation } from '../../core/evaluation.ts';
import type { PolicyId } from '../../core/facts.ts';
import { wouldHold } from './wouldHold.ts';

const tiers: PolicyId = { kind: 'ApprovalPolicy', namespace: 'payments', name: 'tiers' };
const all: PolicyId = { kind: 'ClusterApprovalPolicy', name: 'all' };
const stage = (name: string, state: string, from: object[], count = 1): object => ({ name, state, require: [{ count, from }] });
const evaluation = (more: object): Evaluation => ({ policies: [], stages: [], gate: { open: true }, ...more }) as unknown as Evaluation;

test.each<[string, object]>([
  [
    'With enforcement Hold, ApprovalPolicy payments/tiers, ClusterApprovalPolicy all would have held this and asked: finance, 2 of group finance or cfo; then board, 1 of those with permission to approve.',
    {
      verdict: 'Pending',
      stages: [
        stage('finance', 'Active', [{ group: 'finance' }, { user: 'cfo' }], 2),
        stage('ceo', 'Skipped', [{ user: 'ceo' }]),
        stage('board', 'Waiting', [{ permission: 'approve' }]),
      ],
    },
  ],
  [
    'With enforcement Hold, ApprovalPolicy payments/tiers, ClusterApprovalPolicy all would have held this and asked: robots, 1 of service account ci/bot or a or b or c or 2 more.',
    {
      verdict: 'Pending',
      stages: [
        stage('robots', 'Active', [
          { serviceAccount: { namespace: 'ci', name: 'bot' } },
          ...['a', 'b', 'c', 'd', 'e'].map((user) => ({ user })),
        ]),
      ],
    },
  ],
  [
    'With enforcement Hold, ApprovalPolicy payments/tiers, ClusterApprovalPolicy all would have held this and refused it: no more than ten; never on Fridays',
    { verdict: 'PolicyViolation', policies: [{ violations: ['no more than ten'] }, {}, { violations: ['never on Fridays'] }] },
  ],
  [
    'With enforcement Hold, ApprovalPolicy payments/tiers, ClusterApprovalPolicy all would have held this for a moment, and approved it without asking anybody.',
    { verdict: 'AutoApproved' },
  ],
  [
    'With enforcement Hold, ApprovalPolicy payments/tiers, ClusterApprovalPolicy all would have held this, and approved it without asking anybody, but not now: the freeze weekend lasts until Monday.',
    { verdict: 'Frozen', gate: { open: false, because: 'the freeze weekend lasts until Monday' } },
  ],
  [
    'With enforcement Hold, ApprovalPolicy payments/tiers, ClusterApprovalPolicy all would have held this until this is mended: no such key: amount.',
    { verdict: 'Faulty', policies: [{ fault: 'no such key: amount' }] },
  ],
  [
    'With enforcement Hold, ApprovalPolicy payments/tiers, ClusterApprovalPolicy all would have held this until its time was over, as nobody is asked and nothing approves it.',
    { verdict: 'NobodyAsked' },
  ],
])('%s', (expected, more) => {
  expect(wouldHold([tiers, all], evaluation(more))).toBe(expected);
});
