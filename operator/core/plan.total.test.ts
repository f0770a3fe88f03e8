import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApprovalRequestStatus } from '../../crds/v1alpha1/index.ts';
import type { DecisionFacts, Observation, PolicyFacts } from './facts.ts';
import { plan } from './plan.ts';

/** Values of the right types and of no sense at all: what a wrong version, a forger or a broken clock could have left. */

const text = fc.oneof(fc.constantFrom('', 'x', '2026-03-02T09:00:00Z', '1h', '-1', '9999999999999999999h', 'alice', 'p'), fc.string());
const int = fc.constantFrom(0, 1, 2, 3);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const few = <T>(value: fc.Arbitrary<T>) => fc.array(value, { maxLength: 3 });

const entry = fc.record({ user: text, group: text, permission: fc.constant('approve') }, { requiredKeys: [] });
const requirement = fc.record({ count: int, from: few(entry) });
const separation = fc.record({ requesterMayApprove: fc.boolean(), distinctAcrossStages: fc.boolean() });
const stage = fc.record({ name: text, require: few(requirement), rejections: int, timeout: text }, { requiredKeys: ['name', 'require'] });
const kind = fc.constantFrom('ApprovalPolicy', 'ClusterApprovalPolicy');
const policy = fc.record({
  kind,
  namespace: maybe(text),
  name: text,
  uid: text,
  generation: int,
  spec: fc.record(
    {
      match: fc.constant([]),
      separation,
      stages: few(stage),
      autoApprove: few(fc.record({ name: text, when: text })),
      timeout: text,
      onRefusal: text,
    },
    { requiredKeys: ['match', 'separation'] },
  ),
});
const resolvedStage = fc.record(
  {
    name: text,
    policy: fc.record({ kind, name: text, generation: int }),
    asSubmitted: fc.boolean(),
    state: text,
    required: int,
    approvals: int,
    require: few(requirement),
    separation,
    activeSince: text,
    timeout: text,
    deadline: text,
  },
  { requiredKeys: ['name', 'asSubmitted', 'require', 'separation', 'required', 'approvals'] },
);
const condition = fc.record({
  type: fc.oneof(fc.constantFrom('Approved', 'Settled', 'Released', 'Completed'), text),
  status: fc.constantFrom('True', 'False', 'Unknown', ''),
  reason: text,
  message: text,
  lastTransitionTime: text,
});
const recordOfPolicy = fc.record({
  kind,
  name: text,
  uid: text,
  generation: int,
  asSubmitted: fc.boolean(),
  autoApproves: maybe(text),
  timeout: maybe(text),
  onRefusal: text,
});
const recordOfDecision = fc.record({
  name: text,
  verdict: text,
  approver: text,
  via: text,
  time: text,
  digest: text,
  counted: fc.boolean(),
});
const status = fc.record(
  {
    phase: text,
    observedGeneration: int,
    subjectDigest: text,
    submittedAt: text,
    expiresAt: text,
    policies: few(recordOfPolicy),
    stages: few(resolvedStage),
    decisions: few(recordOfDecision),
    conditions: few(condition),
  },
  { requiredKeys: ['phase', 'observedGeneration', 'policies', 'stages', 'decisions', 'conditions'] },
);
const decision = fc.record({
  name: text,
  uid: text,
  verdict: fc.constantFrom('Approve', 'Reject', 'Comment', ''),
  approver: text,
  groups: few(text),
  via: text,
  digest: text,
  requestUid: text,
  time: text,
});

const odd = fc
  .record({
    now: fc.constantFrom(0, 1, 1_772_442_000_000, 253_402_300_799_000),
    subject: fc.record({
      exists: fc.boolean(),
      held: fc.boolean(),
      digest: maybe(text),
      fault: maybe(text),
      bypassed: fc.boolean(),
      ended: maybe(fc.record({ succeeded: fc.boolean(), message: text })),
    }),
    policies: few(policy),
    missingPolicies: few(fc.record({ kind, name: text })),
    decisions: few(decision),
    permissions: fc.boolean().map((yes) => ({ mayApprove: () => yes })),
    defaultTimeoutMs: fc.constantFrom(0, 1, 3_600_000, Number.MAX_SAFE_INTEGER),
    request: fc.record({
      namespace: text,
      name: text,
      uid: text,
      generation: int,
      createdAt: fc.constantFrom(0, Number.NaN),
      requester: fc.record({ username: text, groups: few(text) }),
      governs: fc.boolean(),
      spec: fc.record({
        subject: fc.constant({}),
        operation: text,
        draft: fc.boolean(),
        cancelled: fc.boolean(),
        stages: maybe(few(stage)),
        timeout: maybe(text),
      }),
      status: maybe(status),
    }),
  })
  .map((facts) => facts as unknown as Observation);

const isPolicySatisfiable = (facts: Observation): boolean => facts.policies.length > 0;

describe('a plan is total', () => {
  it('whatever the facts are, it is made, and made again the same', () => {
    fc.assert(
      fc.property(odd, (facts) => {
        expect(plan(facts)).toEqual(plan(facts));
      }),
      { numRuns: 1_000 },
    );
  });

  it('releases nothing that is not held, has no digest, or about which no policy and no record of one says anything', () => {
    fc.assert(
      fc.property(odd, (facts) => {
        const releases = plan(facts).after.some((effect) => effect.kind === 'release');
        if (!releases) return;
        expect(facts.subject).toMatchObject({ exists: true, held: true });
        expect(facts.subject.digest).toBeDefined();
        expect(facts.request).toMatchObject({ governs: true, spec: { cancelled: false } });
        expect(isPolicySatisfiable(facts) || (facts.request.status?.policies.length ?? 0) > 0).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a status that was forged in any way', () => {
  const asking: PolicyFacts = {
    kind: 'ApprovalPolicy',
    namespace: 'payments',
    name: 'p',
    uid: 'x',
    generation: 1,
    spec: {
      match: [{ apiGroups: ['batch'], kinds: ['Job'] }],
      separation: { requesterMayApprove: false, distinctAcrossStages: true },
      onRefusal: 'Fail',
      stages: [{ name: 's', rejections: 1, require: [{ count: 1, from: [{ user: 'bob' }] }] }],
    },
  };

  it('releases nothing under a policy of which nobody who is asked has agreed', () => {
    fc.assert(
      fc.property(odd, status, fc.array(decision), (facts, forged, votes) => {
        const subject = { exists: true, held: true, digest: 'x' };
        const decisions = votes.filter((v) => v.approver !== 'bob') as unknown as DecisionFacts[];
        const request = {
          ...facts.request,
          governs: true,
          status: { ...forged, submittedAt: '2026-03-02T09:00:00Z', subjectDigest: 'x' } as unknown as ApprovalRequestStatus,
        };
        const planned = plan({ ...facts, subject, decisions, request, policies: [asking], missingPolicies: [] });
        expect(planned.after.filter((effect) => effect.kind === 'release')).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});
