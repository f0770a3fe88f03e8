import { expect, test } from 'vitest';
import { ApprovalPolicySpec } from '../../../crds/v1alpha1/index.ts';
import { compileRules } from '../../core/rules/compile.ts';
import { policyStatements } from './statements.ts';

const policy = (enforcement: 'Hold' | 'Audit', more: object = {}) => {
  const spec = ApprovalPolicySpec.parse({ enforcement, match: [{ apiGroups: ['batch'], kinds: ['Job'] }], ...more });
  return { kind: 'ApprovalPolicy' as const, spec, rules: compileRules(spec) };
};
const when = (text: string) => ({ match: [{ apiGroups: ['batch'], kinds: ['Job'], when: text }] });
const said = (...args: Parameters<typeof policyStatements>): string[] =>
  policyStatements(...args).map(({ type, status, reason }) => `${type} ${status} ${reason}`);

test.each<[string, string[], Parameters<typeof policyStatements>]>([
  ['holds', ['Ready True Enforced', 'Reconciling False Enforced', 'Stalled False Enforced'], [policy('Hold'), true, undefined]],
  ['audits', ['Ready True Auditing', 'Reconciling False Auditing', 'Stalled False Auditing'], [policy('Audit'), true, undefined]],
  [
    'does not bite yet',
    ['Ready False GuardsPending', 'Reconciling True GuardsPending', 'Stalled False GuardsPending'],
    [policy('Hold'), false, undefined],
  ],
  [
    'has a rule that does not compile, although what it has bites',
    ['Ready False InvalidSpec', 'Reconciling False InvalidSpec', 'Stalled True InvalidSpec'],
    [policy('Hold', when('object.')), true, undefined],
  ],
  [
    'has a rule that does not compile, and does not bite yet either,',
    ['Ready False InvalidSpec', 'Reconciling True GuardsPending', 'Stalled True InvalidSpec'],
    [policy('Hold', when('object.')), false, undefined],
  ],
  [
    'asks for people whom there are not, although what it has bites',
    ['Ready False InvalidSpec', 'Reconciling False InvalidSpec', 'Stalled True InvalidSpec'],
    [policy('Hold', { stages: [{ name: 'a', require: [{ count: 2, from: [{ user: 'bob' }] }] }] }), true, undefined],
  ],
  [
    'has a rule that the API server does not take',
    ['Ready False ExpressionFailed', 'Reconciling False ExpressionFailed', 'Stalled True ExpressionFailed'],
    [policy('Audit'), true, 'undeclared reference'],
  ],
])('a policy that %s says so', (_what, expected, args) => expect(said(...args)).toEqual(expected));

test('what is wrong with a policy is said with every fault there is', () => {
  const freeze = [{ name: 'odd', schedule: '0 0 31 2 *', duration: '1h' }];
  const [ready] = policyStatements(policy('Hold', { ...when('nothing'), freeze }), true, 'three');
  expect(ready?.message).toMatch(
    /^What depends on it holds, until this is mended: spec\.match\[0\]\.when: .*; spec\.freeze\[0\]\.schedule: .*; the API server says: three$/,
  );
});

test('what is wrong with a policy is no promise that it holds, as long as it does not bite', () => {
  const [ready] = policyStatements(policy('Hold', when('nothing')), false, undefined);
  expect(ready?.message).toMatch(
    /^What depends on it holds, until this is mended: .*\. Its guards .* do not bite yet; what is created now may pass unheld\.$/,
  );
});
