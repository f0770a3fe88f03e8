import type { Attack } from '../attack.ts';
import { policyMarkKey } from '../world.ts';
import {
  digest,
  otherDigest,
  endedJob,
  governedJob,
  heldJob,
  heldMarks,
  job,
  jobsPath,
  oursPath,
  releasedJob,
  releasePatch,
  rewrite,
} from '../subjects.ts';

const guards = ['countersign-job-guard'] as const;
const unmarked = ['countersign-unmarked-jobs'] as const;
const held = { guards, given: heldJob } as const;
const released = { guards, given: releasedJob } as const;
const onlyOperatorResumes = 'only the operator may resume it';
const marksAreTheOperators = "are the operator's to change";
const leaveOut = 'leave it out';
const annotate = (annotations: Record<string, string | null>): object => ({ metadata: { annotations } });
const label = (labels: Record<string, string | null>): object => ({ metadata: { labels } });

const releasing: Attack[] = [
  {
    ...held,
    name: 'the author resumes a held Job by merge patch',
    as: 'alice',
    expect: onlyOperatorResumes,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { spec: { suspend: false } }),
  },
  {
    ...held,
    name: 'a stranger resumes a held Job by JSON patch',
    as: 'mallory',
    expect: onlyOperatorResumes,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), [{ op: 'replace', path: '/spec/suspend', value: false }], 'json'),
  },
  {
    ...held,
    name: 'an approver removes suspend from a held Job',
    as: 'bob',
    expect: onlyOperatorResumes,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), [{ op: 'remove', path: '/spec/suspend' }], 'json'),
  },
  {
    ...held,
    name: 'cluster-admin resumes a held Job',
    as: 'admin',
    expect: onlyOperatorResumes,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { spec: { suspend: false } }, 'strategic'),
  },
  {
    ...held,
    name: 'cluster-admin acts as a member of system:masters under another name',
    as: 'rootImpersonator',
    expect: onlyOperatorResumes,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { spec: { suspend: false } }),
  },
  {
    ...held,
    name: 'the author replaces a held Job with suspend false',
    as: 'alice',
    expect: onlyOperatorResumes,
    try: (by, ns) =>
      rewrite(by, jobsPath(ns, 'work'), (found) => {
        found.spec.suspend = false;
      }),
  },
  {
    ...held,
    name: 'the author applies a manifest that says suspend false',
    as: 'alice',
    expect: onlyOperatorResumes,
    try: (by, ns) => by.apply(jobsPath(ns, 'work'), { apiVersion: 'batch/v1', kind: 'Job', ...job('work', {}, { suspend: false }) }),
  },
  {
    ...held,
    name: 'the author takes the label off a held Job',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), label({ 'countersign.dev/held': null })),
  },
  {
    ...held,
    name: 'the author takes the label off and resumes in one write',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { ...label({ 'countersign.dev/held': null }), spec: { suspend: false } }),
  },
  {
    ...held,
    name: 'the author sets the label to false',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), label({ 'countersign.dev/held': 'false' })),
  },
  {
    ...held,
    name: 'cluster-admin sends the very patch of a release',
    as: 'admin',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), releasePatch()),
  },
  {
    ...held,
    name: 'the author wipes all labels and annotations',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { metadata: { labels: null, annotations: null } }),
  },
  {
    ...held,
    name: "the author removes the policy's mark",
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ [policyMarkKey]: null })),
  },
  {
    ...held,
    name: 'the author adds the mark of a more lenient policy',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ 'policy.countersign.dev/gov.lenient': 'held' })),
  },
  {
    ...held,
    name: 'the author claims that the Job was released',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ 'countersign.dev/released': digest })),
  },
  {
    ...held,
    name: 'the author ties the Job to another request',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ 'countersign.dev/request': 'other' })),
  },
  {
    ...held,
    name: 'the author becomes somebody else, to approve it himself',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ 'countersign.dev/requester': 'mallory' })),
  },
  {
    ...held,
    name: 'a stranger changes the groups of the requester',
    as: 'mallory',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ 'countersign.dev/requester-groups': 'finance' })),
  },
  {
    ...held,
    name: 'the author changes what he said of the Job after the fact',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ 'countersign.dev/reason': 'something harmless' })),
  },
  {
    ...held,
    name: 'the author says that he had suspended it himself',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ 'countersign.dev/author-suspended': 'true' })),
  },
];

const changing: Attack[] = [
  ...(
    [
      ['parallelism', { parallelism: 50 }],
      ['the deadline', { activeDeadlineSeconds: 5 }],
      ['the time to live', { ttlSecondsAfterFinished: 0 }],
      ['the affinity, which Kubernetes lets one change while suspended', { template: { spec: { nodeSelector: { disk: 'secret' } } } }],
      ['labels of the pod template', { template: { metadata: { labels: { 'sidecar.example/inject': 'yes' } } } }],
      ['annotations of the pod template', { template: { metadata: { annotations: { 'inject.example/command': 'sh' } } } }],
      [
        'resources, as Kubernetes lets one do while suspended',
        { template: { spec: { containers: [{ name: 'main', image: 'registry.example/task:1', resources: { limits: { cpu: '64' } } }] } } },
      ],
    ] as const
  ).map(([what, spec]): Attack => ({
    ...held,
    name: `the author changes ${what} of a held Job`,
    as: 'alice',
    expect: 'its spec is frozen',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { spec }, 'strategic'),
  })),
  ...(['alice', 'mallory', 'admin'] as const).map((as): Attack => ({
    ...released,
    name: `${as} changes the parallelism of a released Job`,
    as,
    expect: 'only suspend may change',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { spec: { parallelism: 50 } }),
  })),
  {
    ...released,
    name: 'the author suspends a released Job and changes it in the same write',
    as: 'alice',
    expect: 'only suspend may change',
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { spec: { suspend: true, parallelism: 9 } }),
  },
  {
    guards,
    name: 'the author suspends a released Job first, and then changes its template',
    as: 'alice',
    expect: 'only suspend may change',
    given: async (world, ns) => {
      await releasedJob(world, ns, job('work', {}, { suspend: false }));
      return world.as('alice').patch(jobsPath(ns, 'work'), { spec: { suspend: true } });
    },
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { spec: { activeDeadlineSeconds: 1 } }),
  },
  {
    ...released,
    name: 'the author removes the digest for which it was released',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ 'countersign.dev/released': null })),
  },
  {
    ...released,
    name: 'the author puts another digest on a released Job',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ 'countersign.dev/released': otherDigest })),
  },
  {
    ...released,
    name: 'the author takes the label off a released Job',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), label({ 'countersign.dev/held': null })),
  },
  {
    ...released,
    name: 'a stranger puts a released Job on hold again',
    as: 'mallory',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), label({ 'countersign.dev/held': 'true' })),
  },
  {
    guards,
    given: endedJob,
    name: 'the author forges the digest of a Job that has ended',
    as: 'alice',
    expect: marksAreTheOperators,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ 'countersign.dev/released': otherDigest })),
  },
];

const creating: Attack[] = [
  {
    guards: unmarked,
    governed: false,
    name: 'the author creates a Job that says it was released',
    as: 'alice',
    expect: leaveOut,
    try: (by, ns) => by.create(jobsPath(ns), job('work', { annotations: { 'countersign.dev/released': digest } })),
  },
  {
    guards,
    name: 'the author creates a governed Job that says it was released',
    as: 'alice',
    expect: leaveOut,
    try: (by, ns) =>
      by.create(jobsPath(ns), job('work', { annotations: { 'countersign.dev/released': digest, 'countersign.dev/request': 'r' } })),
  },
  {
    guards,
    governed: false,
    name: 'cluster-admin creates a Job with the label false',
    as: 'admin',
    expect: leaveOut,
    try: (by, ns) => by.create(jobsPath(ns), job('work', { labels: { 'countersign.dev/held': 'false' } })),
  },
  {
    guards,
    governed: false,
    name: 'the author creates a running Job with the label true',
    as: 'alice',
    expect: leaveOut,
    try: (by, ns) => by.create(jobsPath(ns), job('work', { labels: { 'countersign.dev/held': 'true' } })),
  },
  {
    guards,
    governed: false,
    name: 'the author creates a held Job in the name of another',
    as: 'alice',
    expect: 'must name the caller',
    try: (by, ns) => by.create(jobsPath(ns), job('work', heldMarks('bob'), { suspend: true })),
  },
  {
    guards,
    governed: false,
    name: "the author creates a held Job with an approver's groups",
    as: 'alice',
    expect: "not the caller's groups",
    try: (by, ns) =>
      by.create(jobsPath(ns), job('work', heldMarks('alice', { 'countersign.dev/requester-groups': 'finance' }), { suspend: true })),
  },
  {
    guards: unmarked,
    governed: false,
    name: 'the author creates a Job with the mark of a policy',
    as: 'alice',
    expect: leaveOut,
    try: (by, ns) => by.create(jobsPath(ns), job('work', { annotations: { 'policy.countersign.dev/gov.lenient': 'held' } })),
  },
  {
    guards,
    name: 'the author creates a governed Job with an annotation of ours that nobody knows',
    as: 'alice',
    expect: leaveOut,
    try: (by, ns) => by.create(jobsPath(ns), job('work', { annotations: { 'countersign.dev/approved': 'true' } })),
  },
  {
    guards,
    name: 'the author says maybe where author-suspended knows true and false',
    as: 'alice',
    expect: 'expected true or false',
    try: (by, ns) =>
      by.create(jobsPath(ns), job('work', heldMarks('alice', { 'countersign.dev/author-suspended': 'maybe' }), { suspend: true })),
  },
  {
    guards,
    name: 'the author has a governed Job run by a controller of his own',
    as: 'alice',
    expect: 'spec.managedBy',
    try: (by, ns) => by.create(jobsPath(ns), job('work', {}, { managedBy: 'mallory.example/runner' })),
  },
  {
    guards,
    governed: false,
    name: 'a stranger puts a running Job on hold by hand',
    as: 'mallory',
    expect: 'already runs',
    given: (world, ns) => heldJob(world, ns, job('work')),
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { metadata: heldMarks('mallory'), spec: { suspend: true } }),
  },
  {
    guards: unmarked,
    governed: false,
    name: 'the author gives an ungoverned Job the marks of a release',
    as: 'alice',
    expect: leaveOut,
    given: (world, ns) => heldJob(world, ns, job('work')),
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), annotate({ 'countersign.dev/released': digest })),
  },
  {
    guards,
    governed: false,
    name: 'the author gives an ungoverned Job the label false',
    as: 'alice',
    expect: marksAreTheOperators,
    given: (world, ns) => heldJob(world, ns, job('work')),
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), label({ 'countersign.dev/held': 'false' })),
  },
];

const owner = (apiVersion = 'countersign.dev/v1alpha1', uid = 'd1d5e0a4-0000-4000-8000-000000000000') => ({
  ownerReferences: [{ apiVersion, kind: 'GovernedJob', name: 'pay', uid, controller: true }],
});
const onlyOperatorAdopts = 'only the operator makes the Job of GovernedJob pay';

/** What a GovernedJob controls is released by its request, under its author's name. */
const adopting: Attack[] = [
  {
    guards,
    name: "an approver puts a Job of his own in the place of a GovernedJob's, to approve it under its author's name",
    as: 'bob',
    expect: onlyOperatorAdopts,
    try: (by, ns) => by.create(jobsPath(ns), { ...job('work'), metadata: { name: 'work', ...owner() } }),
  },
  {
    guards,
    governed: false,
    name: 'the same where nothing governs Jobs, with the marks written by hand',
    as: 'alice',
    expect: onlyOperatorAdopts,
    try: (by, ns) =>
      by.create(jobsPath(ns), { ...job('work', {}, { suspend: true }), metadata: { name: 'work', ...heldMarks('alice'), ...owner() } }),
  },
  {
    guards,
    governed: false,
    name: 'the same with a GovernedJob of another group',
    as: 'alice',
    expect: onlyOperatorAdopts,
    try: (by, ns) =>
      by.create(jobsPath(ns), {
        ...job('work', {}, { suspend: true }),
        metadata: { name: 'work', ...heldMarks('alice'), ...owner('example.com/v1') },
      }),
  },
  {
    guards,
    governed: false,
    name: 'the same in two steps: owned first, marked later',
    as: 'alice',
    expect: onlyOperatorAdopts,
    // The owner is there, or else the garbage collector would delete the Job in between.
    given: async (world, ns) => {
      const pay = await world.as('alice').create(oursPath(ns, 'governedjobs'), governedJob('pay'));
      const metadata = { name: 'work', ...owner('countersign.dev/v1alpha1', pay.metadata.uid) };
      return world.as('alice').create(jobsPath(ns), { ...job('work', {}, { suspend: true }), metadata });
    },
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { metadata: heldMarks('alice'), spec: { parallelism: 2 } }),
  },
  {
    ...held,
    name: 'the author gives a held Job a GovernedJob for its owner',
    as: 'alice',
    expect: onlyOperatorAdopts,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { metadata: owner() }),
  },
  {
    ...released,
    name: 'the author passes a released Job off as that of a GovernedJob which nobody approved',
    as: 'alice',
    expect: onlyOperatorAdopts,
    try: (by, ns) => by.patch(jobsPath(ns, 'work'), { metadata: owner() }),
  },
];

export const jobAttacks: readonly Attack[] = [...releasing, ...changing, ...creating, ...adopting];
