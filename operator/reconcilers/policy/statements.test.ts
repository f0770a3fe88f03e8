import { expect, test } from 'vitest';
import type { PolicyRecord } from '../records.ts';
import { policyStatements } from './statements.ts';

const policy = (enforcement: 'Hold' | 'Audit', faults: string[] = []) =>
  ({ spec: { enforcement }, rules: { faults } }) as unknown as PolicyRecord;
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
    ['Ready False ExpressionFailed', 'Reconciling False ExpressionFailed', 'Stalled True ExpressionFailed'],
    [policy('Hold', ['spec.match[0].when: line 1, column 7: unexpected end']), true, undefined],
  ],
  [
    'has a rule that the API server does not take',
    ['Ready False ExpressionFailed', 'Reconciling False ExpressionFailed', 'Stalled True ExpressionFailed'],
    [policy('Audit'), true, 'undeclared reference'],
  ],
])('a policy that %s says so', (_what, expected, args) => expect(said(...args)).toEqual(expected));

test('what is wrong with a policy is said with every fault there is', () => {
  const [ready] = policyStatements(policy('Hold', ['one', 'two']), true, 'three');
  expect(ready?.message).toBe('What depends on it holds, until this is mended: one; two; the API server says: three');
});
