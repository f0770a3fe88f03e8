/* eslint-disable @typescript-eslint/no-unsafe-return -- samples are changed as the JSON they are */
import type { Manifest } from './crdsSupport.ts';

const person = (user: string): Manifest => ({ user });

/** What is tried, the sample it is tried with, how that is changed, and the sentence that the API server must answer with. */
export type Refusal = [what: string, file: string, change: (spec: Manifest) => unknown, sentence: RegExp];

/** What cannot be created. */
export const refusedAtCreation: Refusal[] = [
  [
    'a request about nothing',
    'request-external.yaml',
    (spec) => (spec.subject = {}),
    /^spec\.subject: .*has neither resource nor external: expected exactly one/,
  ],
  [
    'a request about two things',
    'request-job.yaml',
    (spec) => (spec.subject.external = { system: 'x', id: '1' }),
    /^spec\.subject: .*has both resource and external: expected exactly one/,
  ],
  [
    'a request about another kind',
    'request-job.yaml',
    (spec) => (spec.subject.resource.kind = 'Pod'),
    /^spec\.subject\.resource\.kind: Unsupported value: "Pod": supported values: "Job", "GovernedJob"/,
  ],
  [
    'a request about a Job of the wrong group',
    'request-job.yaml',
    (spec) => (spec.subject.resource.apiVersion = 'countersign.dev/v1alpha1'),
    /^spec\.subject\.resource\.apiVersion: .*kind Job is not of apiVersion countersign\.dev\/v1alpha1: expected batch\/v1/,
  ],
  [
    'a link that a browser would run',
    'request-external.yaml',
    (spec) => (spec.subject.external.url = 'javascript:alert(1)'),
    /^spec\.subject\.external\.url: Invalid value: "javascript/,
  ],
  [
    'an operation that is no label',
    'request-external.yaml',
    (spec) => (spec.operation = 'Wire Transfer'),
    /^spec\.operation: Invalid value: "Wire Transfer"/,
  ],
  [
    'a reason that is too long',
    'request-external.yaml',
    (spec) => (spec.reason = 'x'.repeat(1025)),
    /^spec\.reason: Too long: may not be more than 1024/,
  ],
  ['a time that is none', 'request-external.yaml', (spec) => (spec.timeout = '2 days'), /^spec\.timeout: Invalid value: "2 days"/],
  ['no time at all', 'request-external.yaml', (spec) => (spec.timeout = '0h0m'), /^spec\.timeout: .*was 0h0m, must be at least 1s/],
  [
    'context that is no object',
    'request-external.yaml',
    (spec) => (spec.context = 'amount=1'),
    /^spec\.context: Invalid value: "string": spec\.context .*must be of type object/,
  ],
  [
    'permission in the stages of a request',
    'request-job.yaml',
    (spec) => (spec.stages[0].require[0].from = [{ permission: 'approve' }]),
    /^spec\.stages: .*permission means the right to approve a policy/,
  ],
  [
    'two stages of one name in a request',
    'request-job.yaml',
    (spec) => (spec.stages = [spec.stages[0], spec.stages[0]]),
    /^spec\.stages\[1\]: Duplicate value: .*team-lead/,
  ],
  [
    'two stages of one name in a policy',
    'policy-payments.yaml',
    (spec) => (spec.stages[1].name = 'finance'),
    /^spec\.stages\[1\]: Duplicate value: .*finance/,
  ],
  [
    'an approver that is two',
    'policy-two-lines.yaml',
    (spec) => (spec.stages[0].require[0].from = [{ group: 'finance', user: 'bob' }]),
    /^spec\.stages\[0\]\.require\[0\]\.from\[0\]: .*has more than one of group, user, serviceAccount and permission: expected exactly one/,
  ],
  [
    'an approver that is nobody',
    'policy-two-lines.yaml',
    (spec) => (spec.stages[0].require[0].from = [{}]),
    /^spec\.stages\[0\]\.require\[0\]\.from\[0\]: .*is empty: expected exactly one/,
  ],
  [
    'two of a list of one',
    'policy-two-lines.yaml',
    (spec) => (spec.stages[0].require[0] = { count: 2, from: [person('bob')] }),
    /^spec\.stages\[0\]\.require\[0\]: .*nobody can satisfy it: count is more than the people in from/,
  ],
  [
    'two of a list that names one person twice',
    'policy-two-lines.yaml',
    (spec) => (spec.stages[0].require[0] = { count: 2, from: [person('bob'), person('bob')] }),
    /^spec\.stages\[0\]\.require\[0\]\.from: .*the same entry is there twice/,
  ],
  [
    'approval by zero people',
    'policy-two-lines.yaml',
    (spec) => (spec.stages[0].require[0].count = 0),
    /^spec\.stages\[0\]\.require\[0\]\.count: .*greater than or equal to 1/,
  ],
  [
    'a stage that requires nothing',
    'policy-two-lines.yaml',
    (spec) => (spec.stages[0].require = []),
    /^spec\.stages\[0\]\.require: .*at least 1 items/,
  ],
  [
    'a permission that does not exist',
    'policy-two-lines.yaml',
    (spec) => (spec.stages[0].require[0].from = [{ permission: 'view' }]),
    /permission: Unsupported value: "view": supported values: "approve"/,
  ],
  ['a policy that matches nothing', 'policy-two-lines.yaml', (spec) => (spec.match = []), /^spec\.match: .*at least 1 items/],
  [
    'kinds without their group',
    'policy-two-lines.yaml',
    (spec) => (spec.match[0].kinds = ['Job', 'GovernedJob']),
    /^spec\.match\[0\]\.apiGroups: .*apiGroups are batch and kinds are Job, GovernedJob: expected batch for Job/,
  ],
  [
    'a group without its kind',
    'policy-two-lines.yaml',
    (spec) => (spec.match[0].apiGroups = ['batch', 'countersign.dev']),
    /^spec\.match\[0\]\.apiGroups: .*apiGroups are batch, countersign\.dev and kinds are Job: expected/,
  ],
  [
    'operations of Jobs',
    'policy-two-lines.yaml',
    (spec) => (spec.match[0].operations = ['x']),
    /^spec\.match\[0\]\.operations: .*a Job has no spec\.operation/,
  ],
  [
    'namespaceSelector in a namespace',
    'policy-two-lines.yaml',
    (spec) => (spec.match[0].namespaceSelector = {}),
    /^spec\.match: .*namespaceSelector is for a ClusterApprovalPolicy only/,
  ],
  [
    'a selector without the values it needs',
    'policy-auto-approve.yaml',
    (spec) => (spec.match[0].objectSelector.matchExpressions = [{ key: 'a', operator: 'In' }]),
    /^spec\.match\[0\]\.objectSelector\.matchExpressions\[0\]: .*operator is In and values is empty: In and NotIn need values/,
  ],
  [
    'a selector with values it cannot have',
    'policy-auto-approve.yaml',
    (spec) => (spec.match[0].objectSelector.matchExpressions = [{ key: 'a', operator: 'Exists', values: ['b'] }]),
    /^spec\.match\[0\]\.objectSelector\.matchExpressions\[0\]: .*operator is Exists and values is not empty/,
  ],
  [
    'a selector with a key that is no label',
    'policy-auto-approve.yaml',
    (spec) => (spec.match[0].objectSelector = { matchLabels: { 'a b': 'c' } }),
    /^spec\.match\[0\]\.objectSelector\.matchLabels: .*a key is no label's name/,
  ],
  [
    'a condition longer than any needs to be',
    'policy-auto-approve.yaml',
    (spec) => (spec.autoApprove[0].when = 'x'.repeat(5000)),
    /^spec\.autoApprove\[0\]\.when: Too long: may not be more than \d+ bytes/,
  ],
  [
    'another end for refused work',
    'policy-two-lines.yaml',
    (spec) => (spec.onRefusal = 'Delete'),
    /^spec\.onRefusal: Unsupported value: "Delete": supported values: "Fail", "Keep"/,
  ],
  ['a decision on nothing', 'decision.yaml', (spec) => (spec.requests = []), /^spec\.requests: .*at least 1 items/],
  [
    'a decision on more than 100 requests',
    'decision.yaml',
    (spec) => (spec.requests = Array.from({ length: 101 }, (_, index) => ({ ...spec.requests[0], uid: `uid-${index}` }))),
    /^spec\.requests: Too many: 101: must have at most 100 items/,
  ],
  [
    'a decision on one request twice',
    'decision.yaml',
    (spec) => (spec.requests = [spec.requests[0], { ...spec.requests[0], name: 'other' }]),
    /^spec\.requests\[1\]: Duplicate value: .*6f1d3b0e/,
  ],
  [
    'a verdict that does not exist',
    'decision.yaml',
    (spec) => (spec.verdict = 'Maybe'),
    /^spec\.verdict: Unsupported value: "Maybe": supported values: "Approve", "Reject", "Comment", "Override", "Review", "Reassign"/,
  ],
  [
    'a digest that is none',
    'decision.yaml',
    (spec) => (spec.requests[0].digest = 'sha256:00'),
    /^spec\.requests\[0\]\.digest: Invalid value: "sha256:00"/,
  ],
  ['a GovernedJob without a Job', 'governed-job.yaml', (spec) => delete spec.jobTemplate, /^spec\.jobTemplate: Required value/],
  [
    'a GovernedJob without the spec of a Job',
    'governed-job.yaml',
    (spec) => delete spec.jobTemplate.spec,
    /^spec\.jobTemplate\.spec: Required value/,
  ],
  [
    'our marks on the Job of a GovernedJob',
    'governed-job.yaml',
    (spec) => (spec.jobTemplate.metadata.labels['countersign.dev/held'] = 'false'),
    /^spec\.jobTemplate\.metadata\.labels: .*labels of countersign\.dev are the operator's to set/,
  ],
  [
    "a policy's mark on the Job of a GovernedJob",
    'governed-job.yaml',
    (spec) => (spec.jobTemplate.metadata.annotations = { 'policy.countersign.dev/a.b': 'held' }),
    /^spec\.jobTemplate\.metadata\.annotations: .*annotations of countersign\.dev are the operator's to set/,
  ],
];

/** How an object that exists cannot be changed. */
export const refusedAsChange: Refusal[] = [
  [
    'a decision to become another',
    'decision.yaml',
    (spec) => (spec.verdict = 'Reject'),
    /^spec: .*a decision never changes: to decide otherwise, create another/,
  ],
  ['a decision to lose a field', 'decision.yaml', (spec) => delete spec.reason, /^spec: .*a decision never changes/],
  [
    'a submitted request to become a draft',
    'request-external.yaml',
    (spec) => (spec.draft = true),
    /^spec\.draft: .*cannot become a draft again/,
  ],
  [
    'a submitted request to be about another thing',
    'request-external.yaml',
    (spec) => (spec.subject.external.id = 'run-10'),
    /^spec\.subject: .*stays about its subject/,
  ],
  [
    'a submitted request to be about an object instead',
    'request-external.yaml',
    (spec) => (spec.subject = { resource: { apiVersion: 'batch/v1', kind: 'Job', name: 'x' } }),
    /^spec\.subject: .*stays about its subject/,
  ],
  [
    'a submitted request to be about another Job',
    'request-job.yaml',
    (spec) => (spec.subject.resource.name = 'other'),
    /^spec\.subject: .*stays about its subject/,
  ],
  ['a submitted request to drop its policy', 'request-external.yaml', (spec) => delete spec.policyRef, /^spec: .*keeps its policyRef/],
  [
    'a GovernedJob to name another policy',
    'governed-job.yaml',
    (spec) => (spec.policyRef = { kind: 'ApprovalPolicy', name: 'easy' }),
    /^spec: .*policyRef cannot be changed, added or removed/,
  ],
];
