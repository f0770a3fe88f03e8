import type { Attack } from '../attack.ts';
import { accountPath, leaderPod, leasePath, operatorNamespace } from '../world.ts';
import { digest, otherDigest, heldJob, heldMarks, job, jobsPath, oursPath, releasedJob, releasePatch, request } from '../subjects.ts';

const named = (pod: string): object => ({ metadata: { annotations: { 'countersign.dev/leader': pod } } });

const guards = ['countersign-operator-jobs'] as const;
const unmarked = ['countersign-unmarked-jobs'] as const;
const held = { guards, given: heldJob, as: 'operator' } as const;

/** What the operator must not do, whatever its code believes. */
const ownMistakes: Attack[] = [
  {
    ...held,
    name: 'the operator releases without a digest',
    expect: 'must carry the digest',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), releasePatch({ released: undefined })),
  },
  {
    ...held,
    name: 'the operator releases for something that is no digest',
    expect: 'must carry the digest',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), releasePatch({ released: `sha256:${'a'.repeat(64)}` })),
  },
  {
    ...held,
    name: 'the operator releases for a digest with something behind it',
    expect: 'must carry the digest',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), releasePatch({ released: `${digest}\n` })),
  },
  {
    ...held,
    name: 'the operator releases without naming the request',
    expect: 'must carry the digest',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), releasePatch({ request: '' })),
  },
  {
    ...held,
    name: 'the operator resumes and leaves the label',
    expect: 'must carry the digest',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { spec: { suspend: false } }),
  },
  {
    ...held,
    name: 'the operator takes the label away',
    expect: 'must carry the digest',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { metadata: { labels: { 'countersign.dev/held': null } } }),
  },
  {
    ...held,
    name: 'the operator changes the spec while releasing',
    expect: "nothing of a governed Job's spec but suspend",
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), releasePatch({}, { suspend: false, parallelism: 2 })),
  },
  {
    ...held,
    name: 'the operator changes the spec of a held Job',
    expect: "nothing of a governed Job's spec but suspend",
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { spec: { activeDeadlineSeconds: 7 } }),
  },
  {
    guards,
    as: 'operator',
    given: releasedJob,
    name: 'the operator changes the spec of a released Job',
    expect: "nothing of a governed Job's spec but suspend",
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { spec: { parallelism: 2 } }),
  },
  {
    ...held,
    name: 'the operator changes who asked',
    expect: 'may change only held, released and request',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { metadata: { annotations: { 'countersign.dev/requester': 'bob' } } }),
  },
  {
    guards,
    as: 'operator',
    given: releasedJob,
    name: 'the operator changes the digest of a released Job',
    expect: 'may change only held, released and request',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { metadata: { annotations: { 'countersign.dev/released': otherDigest } } }),
  },
  {
    guards: ['countersign-operator-jobs'],
    as: 'operator',
    given: releasedJob,
    name: 'the operator puts a released Job on hold again',
    expect: 'not put on hold again',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { metadata: { labels: { 'countersign.dev/held': 'true' } }, spec: { suspend: true } }),
  },
  {
    guards,
    as: 'operator',
    given: (world, ns) => heldJob(world, ns, job('work', {}, { suspend: true })),
    name: 'the operator resumes a Job that its author suspended',
    expect: 'its author suspended this Job',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), releasePatch()),
  },
  {
    guards: unmarked,
    as: 'operator',
    governed: false,
    given: (world, ns) => heldJob(world, ns, job('work')),
    name: 'the operator changes a Job that nobody governs',
    expect: 'only Jobs that are governed',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { spec: { suspend: true } }),
  },
  {
    guards: unmarked,
    as: 'operator',
    governed: false,
    // Suspended, because the start of one that runs cannot be changed.
    given: (world, ns) => heldJob(world, ns, job('work', {}, { suspend: true })),
    name: 'the operator writes the status of a Job that nobody governs',
    expect: 'only Jobs that are governed',
    try: (by, ns) => by.patch(jobsPath(ns, 'work', 'status'), { status: { startTime: '2026-01-01T00:00:00Z' } }),
  },
  {
    guards,
    as: 'operator',
    governed: false,
    given: (world, ns) => heldJob(world, ns, job('work')),
    name: 'the operator puts a Job on hold that nobody governs',
    expect: 'only Jobs that are governed',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { metadata: heldMarks('alice'), spec: { suspend: true } }),
  },
  {
    guards: unmarked,
    as: 'operator',
    governed: false,
    name: 'the operator creates a Job that is not held',
    expect: 'must arrive held and suspended',
    try: (by, ns) => by.create(jobsPath(ns), job('work')),
  },
  {
    guards,
    as: 'operator',
    governed: false,
    name: 'the operator creates a Job that is already released',
    expect: 'must arrive held and suspended',
    try: (by, ns) => by.create(jobsPath(ns), job('work', heldMarks('alice', { 'countersign.dev/released': digest }), { suspend: true })),
  },
  {
    ...held,
    name: 'the operator says of a held Job that it succeeded',
    expect: 'only that it failed',
    try: (by, ns) =>
      by.patch(jobsPath(ns, 'work', 'status'), {
        status: { succeeded: 1, startTime: '2026-01-01T00:00:00Z', uncountedTerminatedPods: {} },
      }),
  },
  {
    guards,
    as: 'operator',
    given: releasedJob,
    name: 'the operator says of a released Job that it succeeded',
    expect: 'only that it failed',
    try: (by, ns) => by.patch(jobsPath(ns, 'work', 'status'), { status: { succeeded: 1, uncountedTerminatedPods: {} } }),
  },
];

/** Borrowing the operator's name. */
const borrowed: Attack[] = [
  {
    guards: ['countersign-job-guard', 'countersign-operator-jobs', 'countersign-operator-fence'],
    as: 'impersonator',
    given: heldJob,
    expect: 'the operator',
    name: 'cluster-admin releases with --as the operator',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), releasePatch()),
  },
  {
    guards: unmarked,
    as: 'impersonator',
    governed: false,
    expect: 'only a pod of the operator',
    name: 'cluster-admin creates a Job with --as the operator',
    try: (by, ns) => by.create(jobsPath(ns), job('work', { annotations: { 'countersign.dev/reason': 'x' } })),
  },
  {
    guards: ['countersign-status-guard', 'countersign-operator-fence'],
    as: 'impersonator',
    expect: 'only the operator',
    given: (world, ns) => world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r')),
    name: 'cluster-admin writes a status with --as the operator',
    try: (by, ns) => by.patch(oursPath(ns, 'approvalrequests', 'r', 'status'), { status: { phase: 'Approved', observedGeneration: 1 } }),
  },
  {
    guards: ['countersign-request-deletion'],
    as: 'impersonator',
    expect: 'nobody may delete',
    given: (world, ns) => world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r')),
    name: 'cluster-admin deletes a request with --as the operator',
    try: (by, ns) => by.delete(oursPath(ns, 'approvalrequests', 'r')),
  },
  ...(['alice', 'admin'] as const).map((as): Attack => ({
    guards: ['countersign-operator-token'],
    as,
    expect: 'given to its own pods only',
    name: `${as} asks for a token of the operator`,
    try: (by) =>
      by.create(`/api/v1/namespaces/${operatorNamespace}/serviceaccounts/countersign/token`, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {},
      }),
  })),
  {
    guards: ['countersign-operator-token'],
    as: 'admin',
    expect: 'given to its own pods only',
    name: "cluster-admin asks for a token that is bound to the operator's pod",
    try: async (by) => {
      const pod = await by.get(`/api/v1/namespaces/${operatorNamespace}/pods/${leaderPod}`);
      const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: leaderPod, uid: pod.metadata.uid };
      return by.create(`/api/v1/namespaces/${operatorNamespace}/serviceaccounts/countersign/token`, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { boundObjectRef },
      });
    },
  },
];

/** A leader that was superseded and does not know. */
const superseded: Attack[] = [
  {
    guards: ['countersign-operator-fence'],
    as: 'superseded',
    given: heldJob,
    expect: 'only the operator that leads',
    name: 'a superseded leader releases',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), releasePatch()),
  },
  {
    guards: ['countersign-operator-fence'],
    as: 'superseded',
    given: heldJob,
    expect: 'only the operator that leads',
    name: 'a superseded leader fails a held Job',
    try: (by, ns) => by.patch(jobsPath(ns, 'work', 'status'), { status: { startTime: '2026-01-01T00:00:00Z' } }),
  },
  {
    guards: ['countersign-operator-fence'],
    as: 'superseded',
    expect: 'only the operator that leads',
    given: (world, ns) => world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r')),
    name: 'a superseded leader writes the status of a request',
    try: (by, ns) => by.patch(oursPath(ns, 'approvalrequests', 'r', 'status'), { status: { phase: 'Approved', observedGeneration: 1 } }),
  },
  {
    guards: ['countersign-leader-lease'],
    as: 'superseded',
    expect: 'may name only itself',
    name: 'a pod of the operator names another as the leader',
    try: (by) => by.patch(`${leasePath}/countersign-controller`, { spec: { holderIdentity: leaderPod } }),
  },
  ...(['mallory', 'admin', 'impersonator'] as const).map((as): Attack => ({
    guards: ['countersign-leader-lease'],
    as,
    expect: 'only a pod of the operator may write the lease',
    name: `${as} writes the lease of the leader`,
    try: (by) => by.patch(`${leasePath}/countersign-controller`, { spec: { leaseTransitions: 3 } }),
  })),
  {
    guards: ['countersign-leader'],
    as: 'superseded',
    expect: 'may name only itself',
    name: 'a pod of the operator lets another pass for the leader',
    try: (by) => by.patch(`${accountPath}/countersign?dryRun=All`, named('somebody-else')),
  },
  ...(['mallory', 'admin', 'impersonator'] as const).map((as): Attack => ({
    guards: ['countersign-leader'],
    as,
    expect: 'only a pod of the operator may say which of them leads',
    name: `${as} says which pod leads`,
    try: (by) => by.patch(`${accountPath}/countersign?dryRun=All`, named('superseded')),
  })),
  ...(
    [
      ['secrets', { secrets: [{ name: 'other' }] }],
      ['imagePullSecrets', { imagePullSecrets: [{ name: 'other' }] }],
      ['automounting', { automountServiceAccountToken: true }],
      ['labels', { metadata: { labels: { a: 'b' } } }],
      ['annotations', { metadata: { annotations: { 'example.com/cloud-role': 'admin' } } }],
      ['finalizers', { metadata: { finalizers: ['example.com/for-ever'] } }],
    ] as const
  ).map(([what, patch]): Attack => ({
    guards: ['countersign-leader'],
    as: 'operator',
    expect: 'of its own account the operator may change only',
    name: `the operator changes ${what} of its own account`,
    try: (by) => by.patch(`${accountPath}/countersign?dryRun=All`, patch),
  })),
];

export const operatorAttacks: readonly Attack[] = [...ownMistakes, ...borrowed, ...superseded];
