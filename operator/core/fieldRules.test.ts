import { describe, expect, it } from 'vitest';
import { decisionFaults, fieldFault } from './fieldRules.ts';

const required = { required: true };
const ticket = { required: false, pattern: '^CHG-[0-9]+$' };

describe('fieldFault', () => {
  it.each([
    [undefined, undefined, undefined],
    [{ required: false }, undefined, undefined],
    [required, 'because', undefined],
    [required, undefined, 'is missing; the policy requires one'],
    [required, '', 'is missing; the policy requires one'],
    [required, ' \n\t', 'is missing; the policy requires one'],
    [ticket, undefined, undefined],
    [ticket, 'CHG-1', undefined],
    [ticket, 'CHG-1\n', 'was "CHG-1\\n"; the policy requires one that matches ^CHG-[0-9]+$'],
    [ticket, 'x', 'was "x"; the policy requires one that matches ^CHG-[0-9]+$'],
    [{ ...required, pattern: 'CHG' }, undefined, 'is missing; the policy requires one'],
    [{ required: false, pattern: 'CHG' }, 'see CHG-1', undefined],
    [{ required: false, pattern: '(' }, 'x', "cannot be judged: the policy's pattern ( is no regular expression"],
  ])('%j says of %j: %s', (rule, said, expected) => {
    expect(fieldFault('ticket', rule, said)).toEqual(expected === undefined ? undefined : { path: 'spec.ticket', message: expected });
  });

  it('asks whoever compiled the pattern before', () => {
    const never = { matches: () => false };
    expect(fieldFault('reason', { required: false, pattern: '.*' }, 'x', { compile: () => never })).toBeDefined();
  });

  it('quotes no more of a field than fits a message', () => {
    const fault = fieldFault('ticket', ticket, 'x'.repeat(1024));
    expect(fault?.message).toBe(`was "${'x'.repeat(100)}"; the policy requires one that matches ^CHG-[0-9]+$`);
  });
});

describe('decisionFaults', () => {
  it('joins the rules of all policies, and says the same thing once', () => {
    expect(decisionFaults([undefined, { reason: required }, { reason: required, ticket }, {}], { ticket: 'x' })).toEqual([
      { path: 'spec.reason', message: 'is missing; the policy requires one' },
      { path: 'spec.ticket', message: 'was "x"; the policy requires one that matches ^CHG-[0-9]+$' },
    ]);
    expect(decisionFaults([{ reason: required, ticket }], { reason: 'payday', ticket: 'CHG-1' })).toEqual([]);
    expect(decisionFaults([], {})).toEqual([]);
  });
});
