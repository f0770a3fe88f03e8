import { describe, expect, it } from 'vitest';
import type { ApprovalPolicySpec } from '../../../crds/v1alpha1/index.ts';
import { policySpec, stage, user } from '../../../test/fixtures/facts.ts';
import { compileRules, observed, scopeOf } from './compile.ts';

const rules = (changes: Partial<ApprovalPolicySpec>) => compileRules(policySpec(changes));
const weights = { criticality: 0.5, magnitude: 0.5, blastRadius: 0, historicalFailureRate: 0 };
const jobs = { apiGroups: ['batch' as const], kinds: ['Job' as const] };
const governedJobs = { apiGroups: ['countersign.dev' as const], kinds: ['GovernedJob' as const] };
const many = Array.from({ length: 3 }, () => stage('s', 1, [user('bob')]));

describe('a policy that is compiled', () => {
  it('has a program for each expression, in the order of the policy, and none where there is none', () => {
    const compiled = rules({
      match: [jobs, { ...jobs, when: 'object.spec.parallelism > 1' }],
      validations: [{ expression: 'context.amount < 10', message: 'too much' }],
      autoApprove: [{ name: 'small', when: 'risk.score < 20' }],
      stages: [stage('one', 1, [user('bob')]), stage('two', 1, [user('bob')], { when: 'context.amount > 5' })],
    });
    expect(compiled.faults).toEqual([]);
    expect(compiled.match.map((program) => program?.source)).toEqual([undefined, 'object.spec.parallelism > 1']);
    expect(compiled.validations.map(({ program, message }) => [program.source, message])).toEqual([['context.amount < 10', 'too much']]);
    expect(compiled.autoApprove.map(({ name, program }) => [name, program.source])).toEqual([['small', 'risk.score < 20']]);
    expect(compiled.stages.map((program) => program?.source)).toEqual([undefined, 'context.amount > 5']);
  });

  it('takes Observed for a word only where it means what was observed', () => {
    const compiled = rules({ risk: { weights, historicalFailureRate: observed, criticality: '80' } });
    expect(compiled.risk.historicalFailureRate).toBe(observed);
    expect(compiled.risk.criticality).toMatchObject({ source: '80' });
    expect(rules({ risk: { weights, magnitude: observed } }).faults).toEqual([
      expect.stringMatching(/^spec\.risk\.magnitude: line 1, column 1: /),
    ]);
  });

  it('has its patterns, each once', () => {
    const field = { required: false, pattern: '^CHG-[0-9]+$' };
    const compiled = rules({ request: { ticket: field, reason: { required: true } }, decision: { ticket: field } });
    expect([...compiled.patterns.keys()]).toEqual(['^CHG-[0-9]+$']);
    expect(compiled.patterns.get('^CHG-[0-9]+$')?.matches('CHG-7')).toBe(true);
  });

  it.each<[string, Partial<ApprovalPolicySpec>, boolean]>([
    ['a validation', { validations: [{ expression: 'has(object.spec)', message: 'm' }] }, true],
    ['a stage', { stages: [stage('s', 1, [user('bob')], { when: 'has(object.spec)' })] }, true],
    ['a rule by which it agrees', { autoApprove: [{ name: 'a', when: 'has(object.spec)' }] }, true],
    ['its risk', { risk: { weights, criticality: 'object.spec.parallelism' } }, true],
    ['its match alone, which others evaluate', { match: [{ ...jobs, when: 'has(object.spec)' }] }, false],
    [
      'nothing of it',
      { validations: [{ expression: "operation != 'object'", message: 'm' }], risk: { weights, historicalFailureRate: observed } },
      false,
    ],
  ])('knows whether it reads the object: %s', (_what, changes, reads) => {
    const compiled = rules(changes);
    expect(compiled.faults).toEqual([]);
    expect(compiled.readsObject).toBe(reads);
  });
});

describe('what does not compile', () => {
  it.each<[string, Partial<ApprovalPolicySpec>, RegExp]>([
    ['a match', { match: [jobs, { ...jobs, when: '1 +' }] }, /^spec\.match\[1\]\.when: line 1, column \d+: /],
    [
      'a match of Jobs that reads what the API server does not know',
      { match: [{ ...jobs, when: 'context.x > 1' }] },
      /^spec\.match\[0\]\.when: .*context/,
    ],
    ['a match that reads the risk', { match: [{ ...governedJobs, when: 'risk.score > 1' }] }, /^spec\.match\[0\]\.when: .*risk/],
    [
      'a validation of the wrong type',
      { validations: [{ expression: 'size(operation)', message: 'm' }] },
      /^spec\.validations\[0\]\.expression: .*int.*bool/,
    ],
    ['a rule by which it agrees', { autoApprove: [{ name: 'a', when: 'true &&' }] }, /^spec\.autoApprove\[0\]\.when: /],
    [
      'a stage, at its line',
      { stages: [...many, stage('x', 1, [user('bob')], { when: 'true\n&& nobody' })] },
      /^spec\.stages\[3\]\.when: line 2, column 4: /,
    ],
    ['a risk that is no number', { risk: { weights, criticality: 'true' } }, /^spec\.risk\.criticality: .*bool.*number/],
    ['a risk that reads the risk', { risk: { weights, criticality: 'risk.score' } }, /^spec\.risk\.criticality: .*risk/],
    ['a pattern of the request', { request: { ticket: { required: true, pattern: '(' } } }, /^spec\.request\.ticket\.pattern: /],
    [
      'a pattern of decisions that RE2 has not',
      { decision: { reason: { required: true, pattern: '(?=x)' } } },
      /^spec\.decision\.reason\.pattern: /,
    ],
  ])('is said with the field: %s', (_what, changes, fault) => {
    expect(rules(changes).faults).toEqual([expect.stringMatching(fault)]);
  });

  it('is said of everything at once', () => {
    expect(
      rules({ validations: [{ expression: '', message: 'm' }], stages: [stage('s', 1, [user('bob')], { when: '?' })] }).faults,
    ).toHaveLength(2);
  });
});

describe('what an expression in match may read', () => {
  it('is what the API server knows as soon as a Job may be matched, and the request otherwise', () => {
    expect(scopeOf(['Job'])).toBe('match');
    expect(scopeOf(['GovernedJob', 'Job'])).toBe('match');
    expect(scopeOf(['GovernedJob', 'ApprovalRequest'])).toBe('delegation');
    expect(rules({ match: [{ ...governedJobs, when: 'context.amount > 1000' }] }).faults).toEqual([]);
  });
});
