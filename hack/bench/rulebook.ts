import type { ApprovalPolicySpec, Stage } from '../../crds/v1alpha1/index.ts';
import { nothingSaid, type DecisionFacts, type Observation, type PolicyFacts } from '../../operator/core/facts.ts';
import type { Candidate } from '../../operator/core/match.ts';
import { compileRules } from '../../operator/core/rules/compile.ts';

/** A large rule book and requests under it, as plain facts. */

const begun = Date.parse('2026-03-02T09:00:00Z');
const groups = ['finance', 'security', 'platform', 'legal', 'board'] as const;

/** How much a request has to do with. */
export interface Size {
  readonly policies: number;
  /** In all; they are dealt out to the policies in turn. */
  readonly stages: number;
  readonly decisions: number;
}

/** As many policies, each with rules in CEL; those that have stages share them. */
export function rulebook({ policies, stages }: Size): PolicyFacts[] {
  return Array.from({ length: policies }, (_, i) => {
    const mine = Array.from({ length: stages }, (_, s) => s).filter((s) => s % policies === i);
    const spec = policySpec(i, mine.map(stage));
    return {
      kind: 'ApprovalPolicy',
      namespace: 'payments',
      name: `policy-${i}`,
      uid: `policy-uid-${i}`,
      generation: 1,
      spec,
      rules: compileRules(spec),
    };
  });
}

/** Policies that might hold a Job: one half does not select its labels, the other reads the Job to say that it is not meant. */
export const selectors = (count: number): Pick<PolicyFacts, 'spec' | 'rules'>[] =>
  Array.from({ length: count }, (_, i) => {
    const team = i % 2 === 0 ? 'payments' : `team-${i}`;
    const when = `object.spec.template.spec.containers.exists(c, c.image.startsWith("registry.example.com/team-${i}"))`;
    const match: ApprovalPolicySpec['match'] = [{ apiGroups: ['batch'], kinds: ['Job'], objectSelector: { matchLabels: { team } }, when }];
    const spec = { ...policySpec(i, []), match };
    return { spec, rules: compileRules(spec) };
  });

export const candidate: Candidate = {
  apiGroup: 'batch',
  kind: 'Job',
  labels: { 'app.kubernetes.io/name': 'report', team: 'payments' },
  namespaceLabels: { 'kubernetes.io/metadata.name': 'payments', tier: 'production' },
};

export const heldJob = { spec: { template: { spec: { containers: [{ name: 'main', image: 'registry.example.com/report:1.4.2' }] } } } };

function policySpec(i: number, stages: Stage[]): ApprovalPolicySpec {
  return {
    enforcement: 'Hold',
    match: [{ apiGroups: ['batch'], kinds: ['Job'] }],
    validations: [
      { expression: `context.amount <= ${1_000_000 + i}`, message: 'more than may be sent at once' },
      {
        expression: `!has(approvalRequest.metadata.labels.team) || approvalRequest.metadata.labels.team in ["a", "b", "c"]`,
        message: 'no such team',
      },
    ],
    risk: {
      criticality: 'operation.startsWith("wire") ? 80 : 20',
      magnitude: 'context.amount > 100000 ? 90 : 30',
      blastRadius: '50',
      historicalFailureRate: 'Observed',
      weights: { criticality: 0.4, magnitude: 0.3, blastRadius: 0.2, historicalFailureRate: 0.1 },
    },
    autoApprove: [{ name: 'small', when: 'risk.score < 20 && context.amount <= 1000' }],
    ...(stages.length === 0 ? {} : { stages }),
    separation: { requesterMayApprove: false, distinctAcrossStages: true },
    request: { ticket: { required: true, pattern: '^CHG-[0-9]+$' } },
    decision: { ticket: { required: false, pattern: '^CHG-[0-9]+$' } },
    timeout: '48h',
    ...(i % 10 === 0 ? { freeze: [{ name: 'weekend', schedule: '0 18 * * FRI', duration: '60h', timeZone: 'Europe/Berlin' }] } : {}),
    onRefusal: 'Fail',
    pin: false,
    unpinnedImages: 'Note',
  };
}

/** The one who must agree to each of them has not, so that requests stay open. */
const stage = (i: number): Stage => ({
  name: `stage-${i}`,
  when: `context.amount > ${i}`,
  require: [
    { count: 3, from: [{ group: groups[i % groups.length] ?? 'finance' }, { user: 'person-7' }] },
    { count: 1, from: [{ user: 'cfo' }] },
  ],
  rejections: 10,
  timeout: '24h',
  onTimeout: 'Expire',
});

/** What one of many requests is planned from. */
export function requestFacts(i: number, policies: readonly PolicyFacts[], size: Size): Observation {
  return {
    now: begun + 3_600_000,
    request: {
      namespace: 'payments',
      name: `wire-${i}`,
      uid: `request-uid-${i}`,
      generation: 1,
      createdAt: begun,
      requester: { username: 'alice', groups: ['dev'] },
      labels: { team: 'a' },
      governs: true,
      spec: {
        subject: { resource: { apiVersion: 'batch/v1', kind: 'Job', name: `wire-${i}`, uid: `job-uid-${i}` } },
        operation: 'wire-transfer',
        reason: 'Quarterly payment',
        ticket: 'CHG-4711',
        context: { amount: 50_000 + i, recipient: 'BigCorp' },
        draft: false,
        cancelled: false,
      },
      status: undefined,
    },
    subject: { exists: true, held: true, digest: digestOf(i) },
    policies,
    missingPolicies: [],
    ...nothingSaid,
    decisions: Array.from({ length: size.decisions }, (_, n) => decision(i, n)),
    delegations: Array.from({ length: 10 }, (_, n) => ({
      name: `away-${n}`,
      from: `person-${n}`,
      to: `person-${n + 10}`,
      author: `person-${n}`,
      groups: [groups[n % groups.length] ?? 'finance'],
      createdAt: new Date(begun).toISOString(),
    })),
    namespaceObject: { metadata: { name: 'payments', labels: {} } },
    observedFailureRate: 50,
    clockDisagrees: false,
    defaultTimeoutMs: 168 * 3_600_000,
  };
}

const digestOf = (i: number): string => `v1:sha256:${i.toString(16).padStart(64, '0')}`;

/** A hundred people of five groups, of whom one in eleven says no. */
const decision = (request: number, n: number): DecisionFacts => ({
  name: `decision-${request}-${n}`,
  uid: `decision-uid-${request}-${n}`,
  verdict: n % 11 === 10 ? 'Reject' : 'Approve',
  approver: `person-${n}`,
  groups: [groups[n % groups.length] ?? 'finance', 'staff'],
  via: 'Kubernetes',
  reason: 'Looks right',
  ticket: `CHG-${n}`,
  digest: digestOf(request),
  requestUid: `request-uid-${request}`,
  time: new Date(begun + n * 1_000).toISOString().replace('.000Z', 'Z'),
});
