import type { Attack } from '../attack.ts';
import { eventually, type Stored } from '../api.ts';
import type { World } from '../world.ts';
import { onBehalfOfAttacks } from './onBehalfOf.ts';
import { governedJob, operatorRequest, oursPath, request, rewrite } from '../subjects.ts';

const guards = ['countersign-request-guard'] as const;
const uid = 'c1d5e0a4-0000-4000-8000-000000000000';
const areqs = (ns: string, name?: string, sub?: string): string => oursPath(ns, 'approvalrequests', name, sub);
const gjobs = (ns: string, name?: string, sub?: string): string => oursPath(ns, 'governedjobs', name, sub);
const asked = (world: World, ns: string): Promise<Stored> => world.as('alice').create(areqs(ns), request('r'));
const askedByOperator = (world: World, ns: string): Promise<Stored> => world.as('operator').create(areqs(ns), operatorRequest('r'));
const planned = (world: World, ns: string): Promise<Stored> => world.as('alice').create(gjobs(ns), governedJob('g'));

const forging: Attack[] = [
  {
    guards,
    as: 'alice',
    name: 'a requester passes her request off as one that releases something',
    expect: 'only the operator may set countersign.dev/subject-uid',
    try: (by, ns) => by.create(areqs(ns), request('r', {}, { labels: { 'countersign.dev/subject-uid': uid } })),
  },
  {
    guards,
    as: 'alice',
    given: asked,
    name: 'a requester makes her request one that releases something',
    expect: 'only the operator may set countersign.dev/subject-uid',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { metadata: { labels: { 'countersign.dev/subject-uid': uid } } }),
  },
  {
    guards,
    as: 'mallory',
    given: askedByOperator,
    name: "a stranger takes the label off the operator's request",
    expect: 'only the operator may remove',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { metadata: { labels: null } }),
  },
  {
    guards,
    as: 'admin',
    given: askedByOperator,
    name: "cluster-admin points the operator's request at another object",
    expect: 'only the operator may set countersign.dev/subject-uid',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { metadata: { labels: { 'countersign.dev/subject-uid': uid } } }),
  },
  {
    guards,
    as: 'alice',
    name: 'a requester sets an annotation of ours',
    expect: 'only the operator may set countersign.dev/released',
    try: (by, ns) => by.create(areqs(ns), request('r', {}, { annotations: { 'countersign.dev/released': 'x' } })),
  },
  {
    guards: ['countersign-request-guard', 'countersign-requester-stamp'],
    as: 'alice',
    given: asked,
    expect: 'say who asked and never change',
    name: 'a requester becomes somebody else, to approve it herself',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { metadata: { annotations: { 'countersign.dev/requester': 'mallory' } } }),
  },
  {
    guards,
    as: 'alice',
    given: asked,
    name: 'a requester removes who asked',
    expect: 'say who asked and never change',
    try: (by, ns) =>
      rewrite(by, areqs(ns, 'r'), (found) => {
        delete found.metadata.annotations;
      }),
  },
  {
    guards,
    as: 'mallory',
    given: planned,
    name: 'a stranger becomes the author of a GovernedJob',
    expect: 'say who asked and never change',
    try: (by, ns) => by.patch(gjobs(ns, 'g'), { metadata: { annotations: { 'countersign.dev/requester': 'mallory' } } }),
  },
  {
    guards,
    as: 'alice',
    name: 'a requester has the garbage collector delete her request',
    expect: 'metadata.ownerReferences',
    try: (by, ns) => by.create(areqs(ns), request('r', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'nobody', uid }] })),
  },
  {
    guards,
    as: 'mallory',
    given: askedByOperator,
    name: 'a stranger has the garbage collector delete a request',
    expect: 'metadata.ownerReferences',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'nobody', uid }] } }),
  },
  {
    guards,
    as: 'alice',
    given: askedByOperator,
    name: 'a requester puts a finalizer on a request',
    expect: 'metadata.finalizers',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { metadata: { finalizers: ['mallory.example/keep'] } }),
  },
];

const changing: Attack[] = [
  {
    guards,
    as: 'mallory',
    given: asked,
    name: 'a stranger changes a request',
    expect: 'only its requester, alice, may change it',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { spec: { reason: 'nothing to see' } }),
  },
  {
    guards,
    as: 'admin',
    given: asked,
    name: 'cluster-admin changes a request',
    expect: 'only its requester, alice, may change it',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { spec: { context: { amount: 1 } } }),
  },
  {
    guards,
    as: 'mallory',
    given: asked,
    name: 'a stranger cancels a request',
    expect: 'only its requester, alice, may change it',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { spec: { cancelled: true } }),
  },
  {
    guards,
    as: 'carol',
    given: asked,
    name: 'somebody who may cancel changes more than that',
    expect: 'only its requester, alice, may change it',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { spec: { cancelled: true, reason: 'mine' } }),
  },
  {
    guards,
    as: 'alice',
    given: askedByOperator,
    name: "a requester changes what the operator's request says",
    expect: 'only cancelled may be set',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { spec: { reason: 'something harmless' } }),
  },
  {
    guards,
    as: 'alice',
    given: askedByOperator,
    name: "a requester gives the operator's request more time",
    expect: 'only cancelled may be set',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { spec: { timeout: '9000h' } }),
  },
  {
    guards,
    as: 'mallory',
    given: planned,
    name: 'a stranger changes the template of a GovernedJob',
    expect: 'only its requester, alice, may change it',
    try: (by, ns) => by.patch(gjobs(ns, 'g'), { spec: { jobTemplate: { spec: { parallelism: 3 } } } }),
  },
  {
    guards,
    as: 'mallory',
    given: planned,
    name: 'a stranger cancels a GovernedJob',
    expect: 'only its requester, alice, may change it',
    try: (by, ns) => by.patch(gjobs(ns, 'g'), { spec: { cancelled: true } }),
  },
  {
    guards,
    as: 'norman',
    name: 'somebody who may not create Jobs has a GovernedJob create one',
    expect: 'norman may not create jobs in namespace',
    try: (by, ns) => by.create(gjobs(ns), governedJob('g')),
  },
  {
    guards,
    as: 'norman',
    name: 'somebody who may no longer create Jobs changes the template',
    expect: 'norman may not create jobs in namespace',
    given: async (world, ns) => {
      await world.admin.create(`/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/rolebindings`, {
        metadata: { name: 'for-a-while' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'finance' },
        subjects: [{ kind: 'User', name: 'norman', apiGroup: 'rbac.authorization.k8s.io' }],
      });
      const made = await eventuallyCreated(world, ns);
      await world.admin.delete(`/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/rolebindings/for-a-while`);
      await new Promise((resolve) => setTimeout(resolve, 500));
      return made;
    },
    try: (by, ns) => by.patch(gjobs(ns, 'g'), { spec: { jobTemplate: { spec: { parallelism: 3 } } } }),
  },
];

const status = { phase: 'Approved', observedGeneration: 1, conditions: [] };
const statuses: Attack[] = (['alice', 'mallory', 'bob', 'admin'] as const).flatMap((as): Attack[] => [
  {
    guards: ['countersign-status-guard'],
    as,
    given: asked,
    name: `${as} writes the status of a request`,
    expect: 'only the operator writes status',
    try: (by, ns) => by.patch(areqs(ns, 'r', 'status'), { status }),
  },
  {
    guards: ['countersign-status-guard'],
    as,
    given: planned,
    name: `${as} writes the status of a GovernedJob`,
    expect: 'only the operator writes status',
    try: (by, ns) => by.patch(gjobs(ns, 'g', 'status'), { status: { phase: 'Succeeded', observedGeneration: 1 } }),
  },
]);
const moreStatuses: Attack[] = [
  {
    guards: ['countersign-status-guard'],
    as: 'alice',
    given: asked,
    name: 'a requester writes the status null',
    expect: 'only the operator writes status',
    try: (by, ns) => by.patch(areqs(ns, 'r', 'status'), { status: null }),
  },
  {
    guards: ['countersign-status-guard'],
    as: 'alice',
    given: asked,
    name: 'a requester replaces the status',
    expect: 'only the operator writes status',
    try: (by, ns) =>
      rewrite(
        by,
        areqs(ns, 'r'),
        (found) => {
          found.status = status;
        },
        areqs(ns, 'r', 'status'),
      ),
  },
  {
    guards: ['countersign-status-guard'],
    as: 'alice',
    given: asked,
    name: 'a requester applies a status',
    expect: 'only the operator writes status',
    try: (by, ns) => by.apply(areqs(ns, 'r', 'status'), { apiVersion: 'countersign.dev/v1alpha1', kind: 'ApprovalRequest', status }),
  },
  {
    guards: ['countersign-status-guard'],
    as: 'alice',
    given: asked,
    name: 'a requester marks her request through the status',
    expect: 'only the operator writes status',
    try: (by, ns) => by.patch(areqs(ns, 'r', 'status'), { metadata: { labels: { 'countersign.dev/subject-uid': uid } } }),
  },
  {
    guards: ['countersign-status-guard'],
    as: 'admin',
    name: 'cluster-admin says that a policy is enforced',
    expect: 'only the operator writes status',
    given: (world, ns) =>
      world.admin.create(oursPath(ns, 'approvalpolicies'), {
        apiVersion: 'countersign.dev/v1alpha1',
        kind: 'ApprovalPolicy',
        metadata: { name: 'p' },
        spec: { match: [{ apiGroups: ['batch'], kinds: ['Job'], objectSelector: { matchLabels: { no: 'job' } } }] },
      }),
    try: (by, ns) =>
      by.patch(oursPath(ns, 'approvalpolicies', 'p', 'status'), { status: { observedGeneration: 1, conditions: [], guards: [] } }),
  },
];

const settled = async (world: World, ns: string): Promise<Stored> => {
  await asked(world, ns);
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const says = (type: string) => ({ type, status: 'True', reason: 'Approved', message: 'Approved by bob.', lastTransitionTime });
  const conditions = [says('Approved'), says('Settled')];
  return world.as('operator').patch(areqs(ns, 'r', 'status'), { status: { ...status, conditions } });
};

const afterwards: Attack[] = [
  {
    guards,
    as: 'alice',
    given: settled,
    name: 'a requester changes what she asked for once it is approved',
    expect: 'this request is settled',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { spec: { context: { amount: 9_999_999 } } }),
  },
  {
    guards,
    as: 'alice',
    given: settled,
    name: 'a requester changes and cancels in one write what is approved',
    expect: 'this request is settled',
    try: (by, ns) => by.patch(areqs(ns, 'r'), { spec: { operation: 'drain', cancelled: true } }),
  },
];

const deleting: Attack[] = [
  ...(['alice', 'mallory', 'bob', 'admin'] as const).map((as): Attack => ({
    guards: ['countersign-request-deletion'],
    as,
    given: askedByOperator,
    name: `${as} deletes a request`,
    expect: 'nobody may delete',
    try: (by, ns) => by.delete(areqs(ns, 'r')),
  })),
  {
    guards: ['countersign-request-deletion'],
    as: 'alice',
    given: asked,
    name: 'a requester deletes all requests at once',
    expect: 'nobody may delete',
    try: (by, ns) => by.delete(areqs(ns)),
  },
];

export const requestAttacks: readonly Attack[] = [
  ...forging,
  ...changing,
  ...onBehalfOfAttacks,
  ...statuses,
  ...moreStatuses,
  ...afterwards,
  ...deleting,
];

function eventuallyCreated(world: World, ns: string): Promise<Stored> {
  return eventually('norman may create Jobs for a while', () => world.as('norman').create(gjobs(ns), governedJob('g')));
}
