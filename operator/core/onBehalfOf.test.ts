import { describe, expect, it } from 'vitest';
import type { TrustedSubmitter } from '../../crds/v1alpha1/index.ts';
import { decision, group, later, observation, policy, policySpec, settle, stage } from '../../test/fixtures/facts.ts';
import type { Observation } from './facts.ts';
import { plan } from './plan.ts';
import { submissionFaults } from './rules/submitters.ts';

/** A pipeline asks for alice; finance, to which all of them belong, is asked. */

const pipeline = 'system:serviceaccount:ci:pipeline';
const account: TrustedSubmitter = { serviceAccount: { namespace: 'ci', name: 'pipeline' } };

const trusting = (name: string, trustedSubmitters: TrustedSubmitter[], generation = 1) =>
  policy(
    name,
    {
      stages: [stage('money', 1, [group('finance')])],
      separation: { requesterMayApprove: false, distinctAcrossStages: true, trustedSubmitters },
    },
    { generation },
  );

type Changes = NonNullable<Parameters<typeof observation>[0]>;

const asked = (changes: Changes = {}): Observation =>
  observation({
    policies: [trusting('tiers', [account])],
    ...changes,
    request: { requester: { username: pipeline, groups: ['ci'] }, onBehalfOf: 'alice', ...changes.request },
  });

const of = (facts: Observation) => {
  const { status } = plan(facts);
  const approved = status.conditions.find((c) => c.type === 'Approved');
  return { ...status, approved: approved?.status, reason: approved?.reason, message: approved?.message };
};

const inFinance = (who: string) => decision(who, 'Approve', { groups: ['finance'] });

describe('what a trusted submitter asks for somebody', () => {
  it('is asked for by them, by way of who submitted it', () => {
    expect(of(asked())).toMatchObject({ approved: 'Unknown', requester: { username: 'alice', groups: [], submittedBy: pipeline } });
  });

  it.each(['alice', pipeline])('is not approved by %s', (who) => {
    const { approved, decisions } = of(asked({ decisions: [inFinance(who)] }));
    expect(approved).toBe('Unknown');
    expect(decisions).toMatchObject([{ approver: who, counted: false }]);
  });

  it('is approved by somebody else', () => {
    expect(of(asked({ decisions: [inFinance('bob')] })).approved).toBe('True');
  });

  it('is judged as theirs', () => {
    const own = { ...policySpec(), ...trusting('tiers', [account]).spec };
    const rule = { expression: "requester.username == 'alice' && requester.groups.size() == 0", message: 'only alice' };
    expect(of(asked({ policies: [policy('tiers', { ...own, validations: [rule] })] })).approved).toBe('Unknown');
  });

  it('is still not approved by either once the policy that trusted is gone', () => {
    const before = settle(asked());
    for (const who of ['alice', pipeline]) {
      const seen = of(later(before, { policies: [], decisions: [inFinance(who)] }));
      expect(seen).toMatchObject({ approved: 'Unknown', requester: { username: 'alice', submittedBy: pipeline } });
    }
    expect(of(later(before, { policies: [], decisions: [inFinance('bob')] })).approved).toBe('True');
  });
});

describe('what is asked for somebody', () => {
  const violation = { approved: 'False', reason: 'PolicyViolation', requester: { username: pipeline, groups: ['ci'] } };
  const message = `annotation countersign.dev/on-behalf-of names alice, but ${pipeline} may not ask for others`;

  it.each<[string, TrustedSubmitter[]]>([
    ['nobody', []],
    ['another user', [{ user: 'pipeline' }]],
    ['the account of that name elsewhere', [{ serviceAccount: { namespace: 'dev', name: 'pipeline' } }]],
    ['whom they name', [{ user: 'alice' }]],
  ])('is refused where the policy trusts %s, in the name of who really asked', (_whom, trusted) => {
    const seen = of(asked({ policies: [trusting('tiers', trusted)] }));
    expect(seen).toMatchObject(violation);
    expect(seen.message).toContain(message);
  });

  it('is refused where one of two policies trusts', () => {
    const seen = of(asked({ policies: [trusting('a', [account]), trusting('b', [])] }));
    expect(seen).toMatchObject(violation);
    expect(seen.message).toMatch(/^ApprovalPolicy b: annotation/);
  });

  it('is refused once the policy trusts no more, whatever people have said', () => {
    const before = settle(asked());
    const seen = of(later(before, { policies: [trusting('tiers', [], 2)], decisions: [inFinance('bob')] }));
    expect(seen).toMatchObject(violation);
  });

  it('counts neither of their votes even where no policy says whom to believe', () => {
    const own = { policies: [], spec: { stages: [stage('own', 1, [group('finance')])] } };
    for (const who of ['alice', pipeline]) {
      const { decisions, stages } = of(asked({ ...own, decisions: [inFinance(who)] }));
      expect(decisions).toMatchObject([{ approver: who, counted: false, ignoredBecause: 'Requester' }]);
      expect(stages).toMatchObject([{ approvals: 0 }]);
    }
    expect(of(asked({ ...own, decisions: [inFinance('bob')] })).stages).toMatchObject([{ approvals: 1 }]);
  });

  it('is nothing of note where they name themselves', () => {
    const seen = of(asked({ policies: [trusting('tiers', [])], request: { onBehalfOf: pipeline } }));
    expect(seen).toMatchObject({ approved: 'Unknown', requester: { username: pipeline, groups: ['ci'] } });
    expect(seen.requester).not.toHaveProperty('submittedBy');
  });

  it('must be a user name that a status has room for', () => {
    const submission = { by: pipeline, inNameOf: 'x'.repeat(513) };
    expect(submissionFaults(trusting('tiers', [account]).spec, submission)).toEqual([
      'annotation countersign.dev/on-behalf-of has 513 characters; expected a user name, of at most 512',
    ]);
    expect(of(asked({ request: { onBehalfOf: submission.inNameOf } }))).toMatchObject(violation);
  });
});
