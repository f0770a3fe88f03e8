import { describe, expect, it } from 'vitest';
import type { ApprovalPolicySpec } from '../../crds/v1alpha1/index.ts';
import { policyMark } from '../../crds/v1alpha1/marks.ts';
import type { PolicyFacts } from '../../operator/core/facts.ts';
import { approvedConditions, condition, decision, digest, exampleRequest, rejectedConditions, stage } from '../example.ts';
import { palette } from '../output/palette.ts';
import { changesText } from './changesText.ts';
import { finance, policy } from './example.ts';
import type { OpenRequest } from './open.ts';
import { changeOf } from './policyChange.ts';
import { isReached } from './runPolicy.ts';

const now = Date.parse('2026-11-21T10:00:00Z');

describe('simulation of a policy', () => {
  const record = {
    kind: 'ApprovalPolicy' as const,
    namespace: 'payments',
    name: 'tiers',
    uid: 'uid-tiers',
    generation: 1,
    asSubmitted: true,
    onRefusal: 'Fail' as const,
  };
  const kept = stage({ rejections: 1, required: 2, require: [{ count: 2, from: [{ group: 'finance' }], approvedBy: [] }] });
  const open = (): OpenRequest => ({
    request: exampleRequest({
      spec: { context: { amount: 500 } },
      status: { policies: [record], stages: [kept], decisions: [decision()] },
    }),
    object: undefined,
    decisions: [],
    delegations: [],
    managers: new Map(),
    namespaceObject: { metadata: { name: 'payments', labels: {} } },
    failureRate: 50,
  });
  const asks = (count: number, more: Partial<ApprovalPolicySpec> = {}): PolicyFacts =>
    policy({ stages: [{ ...finance, require: [{ count, from: [{ group: 'finance' }] }] }], ...more });
  const change = (written: PolicyFacts) => changeOf(open(), [asks(2)], written, now);

  it('says that nothing changes where it asks the same', () => {
    expect(change(asks(2))).toMatchObject({ effect: 'unchanged', changes: [] });
  });

  it('says what it asks in addition: a stricter rule bites at once', () => {
    expect(change(asks(3))).toMatchObject({ effect: 'tightened', changes: ['asks in addition: stage finance, 3 approvals, 3 missing'] });
  });

  it('never approves anything that is open: a looser rule asks no less than before', () => {
    const looser = change(policy({ autoApprove: [{ name: 'all', when: 'true' }] }));
    expect(looser.after).toBe('Pending');
  });

  it('says what it would refuse, and what it would leave stuck', () => {
    expect(change(asks(2, { validations: [{ expression: 'context.amount < 100', message: 'too much' }] }))).toMatchObject({
      effect: 'refused',
      changes: expect.arrayContaining(['breaks ApprovalPolicy payments/tiers: too much']),
    });
    expect(change(asks(2, { validations: [{ expression: 'context.missing == 1', message: 'x' }] })).effect).toBe('stuck');
    expect(change(policy({})).effect).toBe('stuck');
  });

  it('shows a policy that speaks of Jobs alone the Job of a GovernedJob that it holds', () => {
    const resource = { apiVersion: 'countersign.dev/v1alpha1' as const, kind: 'GovernedJob' as const, name: 'g', uid: 'u' };
    const metadata = { name: 'g', namespace: 'payments', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-11-21T09:00:00Z' };
    const one = exampleRequest({ spec: { subject: { resource } }, status: { policies: [record], stages: [kept] } });
    const governed = (job?: OpenRequest['job']): OpenRequest => ({ ...open(), request: one, object: { metadata, spec: {} }, job });
    const job = (parallelism: number): OpenRequest['job'] => ({
      metadata: { ...metadata, annotations: { [policyMark(asks(2))]: 'holds' } },
      spec: { parallelism },
    });
    const written = asks(2, { validations: [{ expression: 'object.spec.parallelism < 4', message: 'too many at once' }] });
    const effect = (of: OpenRequest) => changeOf(of, [asks(2)], written, now).effect;
    expect(effect(governed(job(8)))).toBe('refused');
    expect(effect(governed(job(2)))).toBe('unchanged');
  });

  it('says that pinning voids votes', () => {
    expect(change(asks(2, { pin: true })).changes.join()).toContain('the votes on it are void');
  });

  it('takes from the request itself how long the operator lets people think, where nobody else says it', () => {
    expect(change(asks(2, { timeout: '3h' })).changes).toContain('expires 2026-11-21 12:00:01Z instead of 2026-11-23 09:00:01Z');
    expect(change(asks(2, { timeout: '4d' })).changes).toContain('expires 2026-11-25 09:00:01Z instead of 2026-11-23 09:00:01Z');
  });

  it('makes up no time where it cannot tell how long that is', () => {
    const policies = [record, { ...record, generation: 2, asSubmitted: false, timeout: '1d' }];
    const hurried = { ...open(), request: exampleRequest({ status: { policies, stages: [kept] } }) };
    expect(changeOf(hurried, [asks(2, { timeout: '1d' })], asks(2), now).changes).toContain(
      "expires when the operator's own setting says instead of 2026-11-22 09:00:01Z",
    );
  });

  describe('of what is approved and still held', () => {
    const votes = ['bob@corp', 'carol@corp'].map((approver) => ({
      ...{ name: approver, uid: approver, verdict: 'Approve' as const, approver, groups: ['finance'], via: 'Kubernetes' as const },
      ...{ digest, requestUid: 'uid-of-request', time: '2026-11-21T09:05:00Z' },
    }));
    const heldBack = (): OpenRequest => ({
      ...open(),
      decisions: votes,
      request: exampleRequest({
        spec: { context: { amount: 500 } },
        annotations: { 'countersign.dev/requester': 'alice@corp' },
        status: {
          phase: 'Approved',
          approvedAt: '2026-11-21T09:10:00Z',
          policies: [record],
          stages: [{ ...kept, state: 'Satisfied', approvals: 2 }],
          conditions: [...approvedConditions, condition('Released', 'False', 'Frozen')],
        },
      }),
    });
    const then = (written: PolicyFacts, at = now) => changeOf(heldBack(), [asks(2)], written, at);

    it('says that nothing changes where it asks the same', () => {
      expect(then(asks(2))).toMatchObject({ heldBack: true, before: 'Approved', after: 'Approved', effect: 'unchanged', changes: [] });
      expect(change(asks(2)).heldBack).toBe(false);
    });

    it('says what it would wait for, in addition', () => {
      expect(then(asks(3))).toMatchObject({
        effect: 'tightened',
        changes: expect.arrayContaining([
          'goes from approved to waiting for people',
          'asks in addition: stage finance, 3 approvals, 1 missing',
        ]),
      });
    });

    it('says what would end it: a rule that it breaks, an approval that lapses, and more people where their time is over', () => {
      const small = { validations: [{ expression: 'context.amount < 100', message: 'too much' }] };
      expect(then(asks(2, small)).effect).toBe('refused');
      expect(then(asks(2, { approvalValidFor: '30m' }))).toMatchObject({
        effect: 'refused',
        changes: expect.arrayContaining(['its approval is good until 2026-11-21 09:40:00Z instead of for ever']),
      });
      expect(then(asks(2, { approvalValidFor: '2h' })).effect).toBe('tightened');
      const afterwards = Date.parse('2026-11-24T00:00:00Z');
      expect(then(asks(3), afterwards).effect).toBe('refused');
      // Whether people agreed is known again once the rule is mended.
      const broken = { validations: [{ expression: 'context.missing == 1', message: 'x' }] };
      expect(then(asks(2, broken), afterwards).effect).toBe('tightened');
    });

    it('is told as such', () => {
      const text = changesText(
        { policy: 'ApprovalPolicy payments/tiers', isNew: false, changes: [change(asks(3)), then(asks(3))], notes: [] },
        palette(false, {}),
      );
      expect(text).toContain('(changed), and the 1 open request in its reach, and 1 approved and still held:\n');
      expect(text).toContain('payments/wire-4711-0a1b2c3d (Job wire-4711, Reviewing)\n');
      expect(text).toContain('payments/wire-4711-0a1b2c3d (Job wire-4711, Approved, still held)\n');
    });
  });
});

describe('what a policy reaches', () => {
  const released = (status: 'True' | 'False', reason: string) => [...approvedConditions, condition('Released', status, reason)];

  it.each([
    ['what is open', {}, true],
    ['what nobody was asked about yet', { status: { submittedAt: undefined } }, false],
    ['no draft', { spec: { draft: true } }, false],
    ['what is approved and waits', { status: { conditions: released('False', 'Frozen') } }, true],
    ['nothing that was let go', { status: { conditions: released('True', 'Released') } }, false],
    ['nothing that lapsed', { status: { conditions: released('False', 'ApprovalExpired') } }, false],
    [
      'nothing that is gone',
      { status: { conditions: [...released('False', 'SubjectGone'), condition('Completed', 'True', 'SubjectGone')] } },
      false,
    ],
    ['no approval that holds nothing', { labels: {}, status: { conditions: approvedConditions } }, false],
    ['nothing that was refused', { status: { conditions: rejectedConditions } }, false],
  ])('is %s', (_what, request, expected) => {
    expect(isReached(exampleRequest(request as Parameters<typeof exampleRequest>[0]))).toBe(expected);
  });
});
