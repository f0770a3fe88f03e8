import { describe, expect, it } from 'vitest';
import { Reason, type RecurringWindow } from '../../crds/v1alpha1/index.ts';
import { decision, digestA, digestB, heldJob, minutes, observation, policy, settle, stage, user } from '../../test/fixtures/facts.ts';
import type { Observation, SubjectFacts } from './facts.ts';
import { plan } from './plan.ts';

type Row = readonly [what: string, facts: Observation, says: Readonly<Record<string, string>>];

const stages = [stage('finance', 1, [user('bob')])];
const morning: RecurringWindow[] = [{ name: 'morning', schedule: '0 0 * * *', duration: '12h', timeZone: 'Etc/UTC' }];
const auto = [{ name: 'all', when: 'true' }];
const released = (more: Partial<SubjectFacts> = {}): SubjectFacts => ({
  exists: true,
  held: false,
  digest: digestA,
  released: { digest: digestA, request: 'wire-12345678' },
  ...more,
});
const yes = settle(observation({ decisions: [decision('bob')] }));
const running = settle({ ...yes, subject: released() });
const no = settle(observation({ decisions: [decision('bob', 'Reject', { reason: 'too much' })] }));
const stricter = policy('tiers', { stages: [...stages, stage('security', 1, [user('sam')])] }, { generation: 2 });

const said = (facts: Observation): Record<string, string> =>
  Object.fromEntries(plan(facts).status.conditions.map(({ type, status, reason, message }) => [type, `${status} ${reason}: ${message}`]));

const open = 'Waiting for 1 of user bob (stage finance).';

const rows: readonly Row[] = [
  [
    'while people decide',
    observation(),
    {
      Valid: 'True Accepted: The request can be understood.',
      PolicyMatched: 'True PoliciesMatched: Asked by tiers.',
      Approved: `Unknown Reviewing: ${open}`,
      Released: `False Held: ${open}`,
      Ready: `False Reviewing: ${open}`,
      Reconciling: `True Reviewing: ${open}`,
      Stalled: `False Reviewing: ${open}`,
    },
  ],
  [
    'where no policy applies',
    observation({ policies: [] }),
    {
      PolicyMatched: 'False NoPolicy: No policy applies, so nobody can agree.',
      Approved: 'Unknown NoPolicy: No policy applies, so nobody can agree; it holds.',
    },
  ],
  [
    'where a policy that applies is missing',
    observation({ missingPolicies: [{ kind: 'ApprovalPolicy', namespace: 'payments', name: 'lost' }] }),
    { PolicyMatched: 'False NoPolicy: These policies apply but do not exist: ApprovalPolicy payments/lost.' },
  ],
  [
    'where a policy asks nobody and agrees to nothing',
    observation({ policies: [policy('tiers')] }),
    { Approved: 'Unknown NobodyAsked: The policies that apply ask nobody and approve nothing on their own; it holds.' },
  ],
  [
    'where it cannot be digested',
    observation({ subject: { exists: true, held: true, fault: 'two keys are the same' } }),
    {
      Valid: 'False InvalidSpec: It holds until this is mended: two keys are the same',
      Approved: 'Unknown Reviewing: Held: two keys are the same',
    },
  ],
  [
    'where a rule fails',
    observation({ policies: [policy('tiers', { stages, validations: [{ expression: 'context.x > 1', message: 'm' }] })] }),
    {
      Valid: 'False ExpressionFailed: A rule cannot be evaluated, so it holds: ApprovalPolicy tiers: spec.validations[0].expression: ',
      Approved: 'Unknown ExpressionFailed: A rule cannot be evaluated',
    },
  ],
  [
    'where a policy would agree on its own but for a freeze',
    observation({ policies: [policy('tiers', { autoApprove: auto, freeze: morning })] }),
    {
      Approved:
        'Unknown Frozen: It is approved without asking anybody once that is allowed again: it is inside freeze morning (0 0 * * * for 12h, Etc/UTC), until 2026-03-02T12:00:00Z.',
    },
  ],
  [
    'once it is approved and about to be let go',
    observation({ decisions: [decision('bob')] }),
    {
      Approved: 'True Approved: Approved by bob.',
      Settled: 'True Settled: Approved by bob.',
      Released: 'False Held: About to be let go.',
      Reconciling: 'True Held: About to be let go.',
    },
  ],
  [
    'once it is approved and waits for the time',
    observation({ decisions: [decision('bob')], policies: [policy('tiers', { stages, freeze: morning })] }),
    {
      Released: 'False Frozen: It was approved, and waits: it is inside freeze morning',
      Reconciling: 'True Frozen: It was approved, and waits: ',
    },
  ],
  [
    'once it is approved and a policy has become stricter',
    { ...yes, policies: [stricter] },
    {
      Approved: 'True Approved: Approved by bob.',
      Released:
        'False Held: It was approved, but a policy has become stricter since; it stays held until that is satisfied too. Waiting for 1 of user sam (stage security).',
    },
  ],
  [
    'once it is approved and was changed since',
    { ...yes, subject: { ...heldJob, digest: digestB } },
    { Released: 'False Held: It was approved, but has been changed since; it stays held.' },
  ],
  [
    'once it is approved and what was approved is gone',
    { ...yes, subject: { exists: false, held: false } },
    {
      Released: 'False SubjectGone: It was approved, but what was approved does not exist any more.',
      Completed: 'True SubjectGone: It was approved',
      Stalled: 'True SubjectGone: ',
    },
  ],
  [
    'once it is approved and cancelled before it is let go',
    { ...yes, request: { ...yes.request, spec: { ...yes.request.spec, cancelled: true } } },
    {
      Approved: 'True Approved: ',
      Released: 'False Cancelled: It was approved, but before it was let go this came: Cancelled on request.',
    },
  ],
  [
    'while it runs',
    { ...yes, subject: released() },
    {
      Released: 'True Released: What was approved was let go.',
      Completed: 'False Running: It has been let go and has not ended.',
      Ready: 'True Approved: Approved by bob.',
    },
  ],
  [
    'once it has ended well',
    { ...running, subject: released({ ended: { succeeded: true, message: 'It is done.' } }) },
    { Completed: 'True Succeeded: It is done.' },
  ],
  [
    'once it has failed',
    { ...running, subject: released({ ended: { succeeded: false, message: 'backoff' } }) },
    { Completed: 'True Failed: backoff', Released: 'True Released: ' },
  ],
  [
    'once it was deleted while it ran',
    { ...running, subject: { exists: false, held: false } },
    { Completed: 'True SubjectGone: It was deleted before anybody saw it end.', Released: 'True Released: ' },
  ],
  [
    'once it is refused',
    no,
    {
      Approved: 'False Rejected: Rejected by bob: too much',
      Settled: 'True Settled: Rejected by bob: too much',
      Released: 'False Rejected: ',
      Stalled: 'True Rejected: ',
    },
  ],
  [
    'once its time is over',
    observation({ request: { status: plan(observation()).status }, now: minutes(60 * 24 * 8) }),
    { Approved: 'False Expired: Nobody agreed before ', Stalled: 'True Expired: ' },
  ],
  [
    "of a person's own request that is approved",
    observation({ request: { governs: false }, decisions: [decision('bob')] }),
    { Approved: 'True Approved: Approved by bob.', Ready: 'True Approved: Approved by bob.' },
  ],
];

describe('what the conditions of a request say', () => {
  it.each(rows)('%s', (_what, facts, says) => {
    const found = said(facts);
    for (const [type, text] of Object.entries(says)) expect(found[type], type).toContain(text);
  });

  it.each(rows)('is read by generic tools as one of three things: %s', (_what, facts) => {
    const { conditions } = plan(facts).status;
    const readBy = conditions.filter((c) => ['Ready', 'Reconciling', 'Stalled'].includes(c.type));
    expect(readBy).toHaveLength(3);
    expect(readBy.filter((c) => c.status === 'True')).toHaveLength(1);
  });

  it.each(rows)('has a reason that is listed, and a sentence: %s', (_what, facts) => {
    for (const { reason, message } of plan(facts).status.conditions) {
      expect(Object.values<string>(Reason)).toContain(reason);
      expect(message.length).toBeGreaterThan(0);
    }
  });

  it.each(rows)('speaks of a release only where there is something to let go: %s', (_what, facts) => {
    const own = { ...facts, request: { ...facts.request, governs: false, status: undefined } };
    const types = plan(own).status.conditions.map((c) => c.type);
    expect(types).not.toContain('Released');
    expect(types).not.toContain('Completed');
  });

  it('of the end of the work stays as it was first seen', () => {
    const ended = settle({ ...running, subject: released({ ended: { succeeded: true, message: 'It is done.' } }) });
    expect(said({ ...ended, subject: { exists: false, held: false } })['Completed']).toBe('True Succeeded: It is done.');
  });
});
