import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApprovalPolicySpec, ApprovalRequestStatus } from '../../crds/v1alpha1/index.ts';
import { withRules } from '../../test/fixtures/facts.ts';
import type { DecisionFacts, Observation, PolicyFacts } from './facts.ts';
import { plan } from './plan.ts';
import { compileRules } from './rules/compile.ts';

/** Values of the right types and of no sense at all: what a wrong version, a forger or a broken clock could have left. */

const text = fc.oneof(fc.constantFrom('', 'x', '2026-03-02T09:00:00Z', '1h', '-1', '9999999999999999999h', 'alice', 'p'), fc.string());
const int = fc.constantFrom(0, 1, 2, 3);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const few = <T>(value: fc.Arbitrary<T>) => fc.array(value, { maxLength: 3 });

const entry = fc.record({ user: text, group: text, permission: fc.constant('approve') }, { requiredKeys: [] });
const requirement = fc.record({ count: int, from: few(entry) });
const separation = fc.record({ requesterMayApprove: fc.boolean(), distinctAcrossStages: fc.boolean() });
const escalation = fc.record({ from: few(entry), count: int, timeout: text }, { requiredKeys: ['from', 'count'] });
const stage = fc.record(
  {
    name: text,
    require: few(requirement),
    rejections: int,
    timeout: text,
    when: text,
    onTimeout: text,
    escalation,
    reassignTo: few(entry),
  },
  { requiredKeys: ['name', 'require'] },
);
const window = fc.record({
  name: text,
  schedule: fc.oneof(fc.constantFrom('0 18 * * FRI', '* * * * *', '0 0 31 2 *'), text),
  duration: fc.oneof(fc.constantFrom('60h', '1s'), text),
  timeZone: fc.oneof(fc.constantFrom('Etc/UTC', 'Europe/Berlin'), text),
});
const businessHours = fc.record({ days: few(fc.constantFrom('MON', 'SUN')), from: text, to: text, timeZone: text });
const standing = fc.record({
  runs: int,
  until: text,
  covers: text,
  content: text,
  uses: few(fc.record({ request: text, uid: text, at: text })),
});
const kind = fc.constantFrom('ApprovalPolicy', 'ClusterApprovalPolicy');
const unruledPolicy = fc.record({
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
      autoApprove: few(fc.record({ name: text, when: fc.oneof(fc.constantFrom('true', 'risk.score < 20', 'context.x > 1'), text) })),
      validations: few(fc.record({ expression: fc.oneof(fc.constantFrom('false', 'true'), text), message: text })),
      freeze: few(window),
      releaseWindows: few(window),
      businessHours,
      approvalValidFor: text,
      timeout: text,
      onRefusal: text,
    },
    { requiredKeys: ['match', 'separation'] },
  ),
});
const policy = unruledPolicy.map((p) => ({ ...p, rules: compileRules(p.spec as unknown as ApprovalPolicySpec) }));
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
    applies: fc.boolean(),
    onTimeout: text,
    escalation,
    businessHours,
    reassignTo: few(entry),
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
  fault: maybe(text),
  violations: maybe(few(text)),
  freeze: maybe(few(window)),
  releaseWindows: maybe(few(window)),
  approvalValidFor: maybe(text),
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
    resolvedAt: text,
    approvedAt: text,
    approvedUnder: text,
    override: fc.record({ by: few(text), at: text, ticket: text }),
    standing,
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
  verdict: fc.constantFrom('Approve', 'Reject', 'Comment', 'Override', 'Review', 'Reassign', ''),
  ticket: maybe(text),
  reassign: maybe(fc.record({ stage: text, from: text, to: text })),
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
      unused: fc.boolean(),
      repeatable: maybe(fc.record({ covers: text, content: text })),
    }),
    policies: few(policy),
    missingPolicies: few(fc.record({ kind, name: text })),
    decisions: few(decision),
    permissions: fc.tuple(fc.boolean(), fc.boolean()).map(([yes, override]) => ({ mayApprove: () => yes, may: () => override })),
    delegations: few(
      fc.record({ name: text, from: text, to: text, groups: few(text), createdAt: text, notBefore: maybe(text), notAfter: maybe(text) }),
    ),
    managers: few(fc.tuple(text, text)).map((pairs) => new Map(pairs)),
    reviewsOwed: few(fc.record({ namespace: text, by: few(text) })),
    standing: few(fc.record({ request: text, standing, policies: few(recordOfPolicy), stages: few(text), approvers: few(text) })),
    namespaceObject: fc.constant({ metadata: { name: 'payments', labels: {} } }),
    observedFailureRate: fc.constantFrom(0, 50, 100, Number.NaN),
    clockDisagrees: fc.boolean(),
    defaultTimeoutMs: fc.constantFrom(0, 1, 3_600_000, Number.MAX_SAFE_INTEGER),
    request: fc.record({
      namespace: text,
      name: text,
      uid: text,
      generation: int,
      createdAt: fc.constantFrom(0, Number.NaN),
      requester: fc.record({ username: text, groups: few(text) }),
      onBehalfOf: maybe(text),
      labels: fc.constant({}),
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
      fc.property(odd, (anything) => {
        // An override needs no policy.
        const facts = { ...anything, permissions: { ...anything.permissions, may: () => false } };
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
    ...withRules({ stages: [{ name: 's', rejections: 1, onTimeout: 'Expire', require: [{ count: 1, from: [{ user: 'bob' }] }] }] }),
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
        const permissions = { ...facts.permissions, may: () => false };
        const planned = plan({ ...facts, permissions, standing: [], subject, decisions, request, policies: [asking], missingPolicies: [] });
        expect(planned.after.filter((effect) => effect.kind === 'release')).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});
