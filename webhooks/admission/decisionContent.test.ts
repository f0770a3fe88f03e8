import { describe, expect, it } from 'vitest';
import type { ApprovalRequestSpec, PolicyRecord, Question } from '../../crds/v1alpha1/index.ts';
import { contentFaults } from './decisionContent.ts';

type Asking = Parameters<typeof contentFaults>[1][number];

const amount: Question = { name: 'amount', question: 'how much?', type: 'Number', required: true };
const account: Question = { name: 'account', question: 'which?', type: 'Text', required: false, pattern: 'DE[0-9]+' };

function asking(name: string, questions: Question[] | undefined, decision?: PolicyRecord['decision']): Asking {
  const policies = [{ name: 'tiers', ...(decision === undefined ? {} : { decision }) }] as unknown as PolicyRecord[];
  return {
    uid: `uid-${name}`,
    spec: { operation: 'wire', ...(questions === undefined ? {} : { questions }) } as ApprovalRequestSpec,
    status: { phase: 'Reviewing', observedGeneration: 1, policies, stages: [], decisions: [], conditions: [] },
  };
}

const saying = (names: string[], more: object = {}): Parameters<typeof contentFaults>[0] => ({
  verdict: 'Approve',
  requests: names.map((name) => ({ name, uid: `uid-${name}`, digest: `v1:sha256:${'a'.repeat(64)}` })),
  ...more,
});

describe('contentFaults', () => {
  it('has nothing against an approval that answers what is asked', () => {
    expect(contentFaults(saying(['a'], { response: { amount: 1, account: 'DE1' } }), [asking('a', [amount, account])])).toEqual([]);
    expect(contentFaults(saying(['a']), [asking('a', undefined)])).toEqual([]);
  });

  it('names the field of each answer that is missing, wrong or not asked for', () => {
    const said = saying(['a'], { response: { account: 'FR1', amout: 1 } });
    expect(contentFaults(said, [asking('a', [amount, account])])).toEqual([
      'spec.response.amount: is missing; expected a number in answer to "how much?"',
      'spec.response.account: was "FR1", expected all of it to match DE[0-9]+',
      'spec.response.amout: nobody asks that; the questions are amount, account',
    ]);
  });

  it('takes of several requests each for what it asks, and says which wants what', () => {
    const both = [asking('a', [amount]), asking('b', [account])];
    expect(contentFaults(saying(['a', 'b'], { response: { amount: 1, account: 'DE1' } }), both)).toEqual([]);
    expect(contentFaults(saying(['a', 'b'], { response: { account: 'x' } }), both)).toEqual([
      'spec.response.amount: for ApprovalRequest a, is missing; expected a number in answer to "how much?"',
      'spec.response.account: for ApprovalRequest b, was "x", expected all of it to match DE[0-9]+',
    ]);
  });

  it('refuses one answer to two questions that cannot both have it', () => {
    const both = [asking('a', [amount]), asking('b', [{ ...amount, type: 'Boolean' }])];
    expect(contentFaults(saying(['a', 'b'], { response: { amount: 1 } }), both)).toEqual([
      'spec.response.amount: for ApprovalRequest b, was 1, expected true or false, without quotes',
    ]);
  });

  it.each(['Reject', 'Comment', 'Override', 'Review', 'Reassign'])('wants no answers with %s, and not too many', (verdict) => {
    expect(contentFaults(saying(['a'], { verdict, response: { other: 1 } }), [asking('a', [amount])])).toEqual([]);
    expect(contentFaults(saying(['a'], { verdict, response: { other: 'x'.repeat(20_000) } }), [asking('a', [amount])])).toHaveLength(1);
  });

  it.each(['Approve', 'Reject'])('wants with %s what the policies ask approvers to say', (verdict) => {
    const request = asking('a', undefined, { reason: { required: true }, ticket: { required: false, pattern: '^CHG-' } });
    expect(contentFaults(saying(['a'], { verdict, ticket: 'x' }), [request])).toEqual([
      'spec.reason: is missing; the policy requires one',
      'spec.ticket: was "x"; the policy requires one that matches ^CHG-',
    ]);
    expect(contentFaults(saying(['a'], { verdict, reason: 'payday' }), [request])).toEqual([]);
    expect(contentFaults(saying(['a'], { verdict: 'Comment' }), [request])).toEqual([]);
  });

  it('takes whatever is answered where nothing is asked, if it is not too much', () => {
    expect(contentFaults(saying(['a'], { response: { any: ['thing'] } }), [asking('a', [])])).toEqual([]);
    expect(contentFaults(saying(['a'], { response: { any: 'x'.repeat(20_000) } }), [asking('a', [])])).toEqual([
      'spec.response: has 20010 bytes of JSON; expected at most 16384',
    ]);
  });
});
