import { describe, expect, it } from 'vitest';
import type { ApprovalPolicySpec, MatchRule } from '../../crds/v1alpha1/index.ts';
import { policy } from '../../test/fixtures/facts.ts';
import { governs, speaksOfJobsAlone, type Candidate } from './match.ts';
import { compileRules } from './rules/compile.ts';

const job: Candidate = { apiGroup: 'batch', kind: 'Job', labels: { app: 'wire' }, namespaceLabels: { env: 'prod' } };
const request: Candidate = {
  apiGroup: 'countersign.dev',
  kind: 'ApprovalRequest',
  labels: {},
  namespaceLabels: {},
  operation: 'wire-transfer',
};
const rule = (more: Partial<MatchRule> = {}): MatchRule => ({ apiGroups: ['batch'], kinds: ['Job'], ...more });
const ours = (more: Partial<MatchRule> = {}): MatchRule => ({
  apiGroups: ['countersign.dev'],
  kinds: ['GovernedJob', 'ApprovalRequest'],
  ...more,
});
const spec = (...match: MatchRule[]): ApprovalPolicySpec => policy('p', { match }).spec;

describe('what a policy governs', () => {
  it.each<[string, boolean, ApprovalPolicySpec, Candidate]>([
    ['a Job', true, spec(rule()), job],
    ['not another kind', false, spec(rule()), request],
    ['a request', true, spec(ours()), request],
    ['a GovernedJob', true, spec(ours()), { ...request, kind: 'GovernedJob' }],
    ['not a Job of our own group', false, spec(rule()), { ...job, apiGroup: 'countersign.dev' }],
    ['not a Job of another group', false, spec(rule()), { ...job, apiGroup: 'apps' }],
    ['what any of its rules fits', true, spec(ours(), rule()), job],
    ['not what no rule fits whole', false, spec(rule({ objectSelector: { matchLabels: { app: 'x' } } }), ours()), job],
    ['by its labels', true, spec(rule({ objectSelector: { matchLabels: { app: 'wire' } } })), job],
    ['not without the labels', false, spec(rule({ objectSelector: { matchLabels: { app: 'wire' } } })), { ...job, labels: {} }],
    ['by the labels of its namespace', true, spec(rule({ namespaceSelector: { matchLabels: { env: 'prod' } } })), job],
    ['not in another namespace', false, spec(rule({ namespaceSelector: { matchLabels: { env: 'dev' } } })), job],
    [
      "not by the object's labels where the namespace's are asked for",
      false,
      spec(rule({ namespaceSelector: { matchLabels: { app: 'wire' } } })),
      job,
    ],
    ['by its operation', true, spec(ours({ operations: ['x', 'wire-transfer'] })), request],
    ['not another operation', false, spec(ours({ operations: ['x'] })), request],
    [
      'nothing without an operation where one is asked for',
      false,
      spec(ours({ operations: ['undefined'] })),
      { ...request, operation: undefined } as never,
    ],
    ['nothing when it has no rule', false, spec(), job],
  ])('%s', (_what, governed, of, candidate) => {
    expect(governs({ spec: of, rules: compileRules(of) }, candidate, () => ({}))).toBe(governed);
  });
});

describe('a policy that speaks of Jobs alone', () => {
  it.each<[string, boolean, ApprovalPolicySpec]>([
    ['names Jobs', true, spec(rule(), rule({ when: 'true' }))],
    ['may name requests of people beside them', true, spec(rule(), { apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] })],
    ['names no GovernedJobs, by whichever rule', false, spec(rule(), ours())],
    ['is not one that names no Jobs', false, spec({ apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] })],
    ['is not one that names GovernedJobs alone', false, spec(ours())],
  ])('%s', (_what, expected, policySpec) => {
    expect(speaksOfJobsAlone(policySpec)).toBe(expected);
  });
});
