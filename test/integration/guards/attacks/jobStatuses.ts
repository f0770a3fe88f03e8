import type { Stored } from '../api.ts';
import type { Attack } from '../attack.ts';
import { digest, heldJob, job, jobsPath, releasedJob, rewrite } from '../subjects.ts';

const guards = ['countersign-job-guard'] as const;
const unmarked = ['countersign-unmarked-jobs'] as const;
const held = { guards, given: heldJob } as const;
const released = { guards, given: releasedJob } as const;
const marksAreTheOperators = "are the operator's to change";
const leaveOut = 'leave it out';
const onlyOperatorAdopts = 'only the operator makes the Job of GovernedJob pay';
const annotate = (annotations: Record<string, string | null>): object => ({ metadata: { annotations } });
const label = (labels: Record<string, string | null>): object => ({ metadata: { labels } });
const jobController = 'system:serviceaccount:kube-system:job-controller';
const owner = {
  ownerReferences: [
    {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'GovernedJob',
      name: 'pay',
      uid: 'd1d5e0a4-0000-4000-8000-000000000000',
      controller: true,
    },
  ],
};

/** What is written through jobs/status, which carries labels and annotations as well. */
export const jobStatusAttacks: readonly Attack[] = [
  {
    ...held,
    name: 'the author says in the status that a held Job succeeded',
    as: 'alice',
    expect: 'only the job controller writes the status',
    try: (by, ns) =>
      by.patch(jobsPath(ns, 'work', 'status'), {
        status: { succeeded: 1, startTime: '2026-01-01T00:00:00Z', uncountedTerminatedPods: {} },
      }),
  },
  {
    ...held,
    name: 'cluster-admin says in the status that a held Job failed',
    as: 'admin',
    expect: 'only the job controller writes the status',
    try: (by, ns) => by.patch(jobsPath(ns, 'work', 'status'), { status: { startTime: '2026-01-01T00:00:00Z' } }),
  },
  {
    ...held,
    name: 'the author takes the label off through the status',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work', 'status'), label({ 'countersign.dev/held': null })),
  },
  {
    ...held,
    name: 'the author changes the requester through the status',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work', 'status'), annotate({ 'countersign.dev/requester': 'mallory' })),
  },
  {
    ...held,
    name: 'the author writes the status null',
    as: 'alice',
    expect: 'only the job controller writes the status',
    try: (by, ns) => by.patch(jobsPath(ns, 'work', 'status'), { status: null }),
  },
  {
    ...released,
    name: 'the author replaces the status of a released Job',
    as: 'alice',
    expect: 'only the job controller writes the status',
    try: (by, ns) =>
      rewrite(
        by,
        jobsPath(ns, 'work'),
        (found) => {
          found.status.ready = 0;
        },
        jobsPath(ns, 'work', 'status'),
      ),
  },
  ...(
    [
      [
        'that it succeeded, for a pod that is not its own',
        'cannot have succeeded',
        ({ status }) =>
          void Object.assign(status as object, { succeeded: 1, startTime: '2026-01-01T00:00:00Z', uncountedTerminatedPods: {} }),
      ],
      ['that its label is false', marksAreTheOperators, ({ metadata: { labels = {} } }) => void (labels['countersign.dev/held'] = 'false')],
      [
        'that another asked for it',
        marksAreTheOperators,
        ({ metadata: { annotations = {} } }) => void (annotations['countersign.dev/requester'] = 'mallory'),
      ],
      ['that it belongs to a GovernedJob', onlyOperatorAdopts, ({ metadata }) => void Object.assign(metadata, owner)],
    ] as const satisfies readonly (readonly [string, string, (of: Stored) => void])[]
  ).map(([what, expected, change]): Attack => ({
    ...held,
    name: `the job controller writes with the status of a held Job ${what}`,
    as: 'admin',
    expect: expected,
    try: (by, ns) => rewrite(by.as(jobController), jobsPath(ns, 'work'), change, jobsPath(ns, 'work', 'status')),
  })),
  {
    guards: unmarked,
    governed: false,
    name: 'the author gives an ungoverned Job the marks of a release through the status',
    as: 'alice',
    expect: leaveOut,
    given: (world, ns) => heldJob(world, ns, job('work')),
    try: (by, ns) => by.patch(jobsPath(ns, 'work', 'status'), annotate({ 'countersign.dev/released': digest })),
  },
];
