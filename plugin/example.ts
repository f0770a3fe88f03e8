import type { ApprovalRequestSpec, ApprovalRequestStatus, Condition, DecisionRecord, ResolvedStage } from '../crds/v1alpha1/index.ts';
import { requestOf, type Request } from './request.ts';

/** A request as the API server sends it, for unit tests: alice asks for a wire transfer, two of finance must agree, then one of security. */
export function exampleRequest(
  change: {
    spec?: Partial<ApprovalRequestSpec>;
    status?: Partial<ApprovalRequestStatus>;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  } = {},
): Request {
  return requestOf({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: {
      name: 'wire-4711-0a1b2c3d',
      namespace: 'payments',
      uid: 'uid-of-request',
      resourceVersion: '7',
      creationTimestamp: '2026-11-21T09:00:00Z',
      labels: change.labels ?? { 'countersign.dev/subject-uid': 'uid-of-job' },
      ...(change.annotations === undefined ? {} : { annotations: change.annotations }),
    },
    spec: {
      subject: { resource: { apiVersion: 'batch/v1', kind: 'Job', name: 'wire-4711', uid: 'uid-of-job' } },
      operation: 'wire-transfer',
      reason: 'Quarterly supplier payment',
      ...change.spec,
    },
    status: { ...exampleStatus, ...change.status },
  });
}

export const digest = `v1:sha256:${'a'.repeat(64)}`;

/** A stage of the example. */
export function stage(change: Partial<ResolvedStage> = {}): ResolvedStage {
  return {
    name: 'finance',
    policy: { kind: 'ApprovalPolicy', namespace: 'payments', name: 'tiers', generation: 1 },
    asSubmitted: true,
    state: 'Active',
    required: 2,
    approvals: 0,
    require: [{ count: 2, from: [{ group: 'finance' }, { user: 'cfo@corp' }], approvedBy: [] }],
    separation: { requesterMayApprove: false, distinctAcrossStages: true },
    activeSince: '2026-11-21T09:00:01Z',
    ...change,
  };
}

export const security = stage({
  name: 'security',
  state: 'Waiting',
  required: 1,
  require: [{ count: 1, from: [{ permission: 'approve' }], approvedBy: [] }],
});

/** A decision of the example. */
export function decision(change: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    name: 'd-1',
    verdict: 'Approve',
    approver: 'bob@corp',
    via: 'Kubernetes',
    time: '2026-11-21T09:05:00Z',
    digest,
    counted: true,
    ...change,
  };
}

/** A condition of the example. */
export function condition(
  type: string,
  status: Condition['status'],
  reason: string,
  message = 'For a reason.',
  at = '2026-11-21T09:10:00Z',
): Condition {
  return { type, status, reason, message, lastTransitionTime: at };
}

/** The conditions of a yes. */
export const approvedConditions = [
  condition('Approved', 'True', 'Approved', 'Approved by bob@corp, carol@corp.'),
  condition('Settled', 'True', 'Settled'),
];

/** The conditions of a no. */
export const rejectedConditions = [
  condition('Approved', 'False', 'Rejected', 'Rejected by bob@corp: not this quarter'),
  condition('Settled', 'True', 'Settled'),
];

const exampleStatus: ApprovalRequestStatus = {
  phase: 'Reviewing',
  observedGeneration: 1,
  requester: { username: 'alice@corp', groups: ['dev'] },
  subjectDigest: digest,
  submittedAt: '2026-11-21T09:00:01Z',
  expiresAt: '2026-11-23T09:00:01Z',
  approvals: '0/3',
  policies: [],
  stages: [stage(), security],
  decisions: [],
  conditions: [condition('Approved', 'Unknown', 'Reviewing', 'Waiting.')],
};
