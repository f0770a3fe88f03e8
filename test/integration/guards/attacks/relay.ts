import type { Attack } from '../attack.ts';
import type { Stored } from '../api.ts';
import { decision, governedJob, operatorRequest, oursPath, request } from '../subjects.ts';
import { operatorUser, relayUser, type World } from '../world.ts';

const decisions = (ns: string): string => oursPath(ns, 'approvaldecisions');
const requests = (ns: string, name?: string): string => oursPath(ns, 'approvalrequests', name);
const mark = (key: string): string => `countersign.dev/${key}`;

/** What the service says of whom it asks for. */
export const asBob = { [mark('requester')]: 'bob', [mark('requester-groups')]: 'finance\nsystem:authenticated', [mark('via')]: 'Web' };
export const byBob = { approver: 'bob', groups: ['finance', 'system:authenticated'], via: 'Web' };
const cancelledByCarol = { [mark('cancelled-by')]: 'carol', [mark('cancelled-by-groups')]: 'canceller' };
const cancelling = (annotations: object, spec: object = { cancelled: true }): object => ({ metadata: { annotations }, spec });

const asked = (world: World, ns: string): Promise<Stored> => world.as('alice').create(requests(ns), request('r'));
const relayed = (world: World, ns: string): Promise<Stored> =>
  world.as('relay').create(requests(ns), request('r', {}, { annotations: asBob }));
const cancelled = async (world: World, ns: string): Promise<Stored> => {
  await asked(world, ns);
  return world.as('relay').patch(requests(ns, 'r'), cancelling(cancelledByCarol));
};

const serviceAccount = 'system:serviceaccount:ci:bot';
const ofServiceAccounts = ['system:serviceaccounts', 'system:serviceaccounts:ci', 'system:authenticated'];

const ofDecisions = { guards: ['countersign-decision-guard'], given: asked } as const;

/** Nobody but one of the service's pods speaks for others. */
const passingForIt: Attack[] = (['bob', 'admin', 'operator', 'otherService', 'relayImpersonator', 'rootImpersonator'] as const).flatMap(
  (as): Attack[] => [
    {
      ...ofDecisions,
      as,
      name: `${as} decides as if by the approval service`,
      expect: as === 'bob' ? 'spec.via: who calls the API server decides via Kubernetes' : 'spec.approver: is "bob"',
      try: (by, ns, r) => by.create(decisions(ns), decision(r, byBob)),
    },
    ...(as === 'operator'
      ? []
      : [
          {
            guards: ['countersign-request-guard'],
            as,
            name: `${as} asks as if by the approval service`,
            expect: `only the operator may set ${mark('')}`,
            try: (by, ns) => by.create(requests(ns), request('r', {}, { annotations: { ...asBob, [mark('submitted-by')]: relayUser } })),
          } satisfies Attack,
        ]),
  ],
);

const relay = { ...ofDecisions, as: 'relay' } as const;
const decides = (name: string, spec: object, expect: string): Attack => ({
  ...relay,
  name: `the approval service decides ${name}`,
  expect,
  try: (by, ns, r) => by.create(decisions(ns), decision(r, { ...byBob, ...spec })),
});

const speakingForWhomItMayNot: Attack[] = [
  {
    ...relay,
    name: 'the approval service decides and does not say for whom',
    expect: 'spec.approver, spec.groups, spec.via: the approval service must say who decided',
    try: (by, ns, r) => by.create(decisions(ns), decision(r)),
  },
  decides('as if it were kubectl', { via: 'Kubernetes' }, 'spec.via: is "Kubernetes"'),
  decides('as itself', { approver: relayUser, groups: ['system:authenticated'] }, `spec.approver: is "${relayUser}"`),
  decides('as the operator', { approver: operatorUser, groups: ['system:authenticated'] }, `spec.approver: is "${operatorUser}"`),
  decides('as a part of Kubernetes', { approver: 'system:kube-controller-manager' }, 'spec.approver: is "system:kube-controller-manager"'),
  decides('as nobody', { approver: 'system:anonymous' }, 'spec.approver: is "system:anonymous"'),
  decides('for somebody it puts in system:masters', { groups: ['finance', 'system:masters'] }, 'spec.groups: names a group'),
  decides('for somebody it makes a node', { groups: ['system:nodes'] }, 'spec.groups: names a group'),
  decides(
    'for a service account that it puts in finance',
    { approver: serviceAccount, groups: [...ofServiceAccounts, 'finance'] },
    'spec.groups: names',
  ),
  decides(
    "for a service account that it puts in another namespace's group",
    { approver: serviceAccount, groups: ['system:serviceaccounts:payments'] },
    'spec.groups: names',
  ),
  ...(['Slack', 'Email'] as const).flatMap((via) => [
    decides(
      `an override by ${via}`,
      { via, verdict: 'Override', ticket: 'INC-1' },
      `spec.via: is ${via}, which is not enough for Override`,
    ),
    decides(`a review by ${via}`, { via, verdict: 'Review' }, `spec.via: is ${via}, which is not enough for Review`),
    decides(
      `a reassignment by ${via}`,
      { via, verdict: 'Reassign', reassign: { stage: 'finance', from: 'bob', to: 'carol' } },
      `spec.via: is ${via}, which is not enough for Reassign`,
    ),
  ]),
];

const ofRequests = { guards: ['countersign-request-guard'], as: 'relay' } as const;
const asks = (name: string, annotations: Record<string, string | undefined>, expect: string): Attack => ({
  ...ofRequests,
  name: `the approval service asks ${name}`,
  expect,
  try: (by, ns) => by.create(requests(ns), request('r', {}, { annotations: { ...asBob, ...annotations } })),
});

const asking: Attack[] = [
  {
    ...ofRequests,
    name: 'the approval service asks and does not say for whom',
    expect: 'the approval service must say who asks',
    try: (by, ns) => by.create(requests(ns), request('r')),
  },
  asks('without a channel', { [mark('via')]: undefined }, 'annotation countersign.dev/via'),
  asks('as if it were kubectl', { [mark('via')]: 'Kubernetes' }, 'annotation countersign.dev/via'),
  asks('as the operator', { [mark('requester')]: operatorUser }, `annotation countersign.dev/requester: is "${operatorUser}"`),
  asks('for somebody it puts in system:masters', { [mark('requester-groups')]: 'dev\nsystem:masters' }, 'requester-groups: names a group'),
  asks('in the name of a policy that would have held it', { [mark('released')]: 'x' }, `may set ${mark('released')}`),
  {
    ...ofRequests,
    name: 'the approval service asks as if for held work',
    expect: 'may set countersign.dev/subject-uid',
    try: (by, ns) => by.create(requests(ns), request('r', {}, { annotations: asBob, labels: { [mark('subject-uid')]: 'x' } })),
  },
  {
    ...ofRequests,
    name: 'the approval service asks for a GovernedJob and does not say for whom',
    expect: 'the approval service must say who asks',
    try: (by, ns) => by.create(oursPath(ns, 'governedjobs'), governedJob('g')),
  },
];

const change = (name: string, patch: object, expect: string, given: NonNullable<Attack['given']> = asked): Attack => ({
  ...ofRequests,
  given,
  name: `the approval service ${name}`,
  expect,
  try: (by, ns) => by.patch(requests(ns, 'r'), patch),
});
const onlyCancels = 'the approval service may change nothing here but set spec.cancelled';

const changing: Attack[] = [
  change('changes what somebody asked for', { spec: { reason: 'another' } }, onlyCancels),
  change('changes what it asked for itself', { spec: { reason: 'another' } }, onlyCancels, relayed),
  change('cancels and does not say for whom', { spec: { cancelled: true } }, onlyCancels),
  change('labels a request', { metadata: { labels: { team: 'a' } } }, onlyCancels),
  change(
    'labels what it cancels',
    { metadata: { annotations: cancelledByCarol, labels: { team: 'a' } }, spec: { cancelled: true } },
    onlyCancels,
  ),
  change('says who cancelled what nobody did', { metadata: { annotations: cancelledByCarol } }, onlyCancels),
  change('says that somebody else cancelled', { metadata: { annotations: { [mark('cancelled-by')]: 'bob' } } }, onlyCancels, cancelled),
  change('cancels as the operator', cancelling({ [mark('cancelled-by')]: operatorUser }), 'annotation countersign.dev/cancelled-by: is'),
  change(
    'cancels for somebody it puts in system:masters',
    cancelling({ ...cancelledByCarol, [mark('cancelled-by-groups')]: 'system:masters' }),
    'annotation countersign.dev/cancelled-by-groups: names a group',
  ),
  change('puts itself in for who asked', { metadata: { annotations: { [mark('requester')]: relayUser } } }, onlyCancels),
];

/** What others make of its marks. */
const others: Attack[] = [
  {
    guards: ['countersign-request-guard'],
    as: 'alice',
    given: asked,
    name: 'a requester says that somebody else cancelled',
    expect: `may set ${mark('cancelled-by')}`,
    try: (by, ns) => by.patch(requests(ns, 'r'), cancelling(cancelledByCarol)),
  },
  ...(['via', 'submitted-by'] as const).map((key): Attack => ({
    guards: ['countersign-request-guard'],
    as: 'admin',
    given: relayed,
    name: `cluster-admin takes ${key} off what the approval service asked`,
    expect: `may remove ${mark(key)}`,
    try: (by, ns) => by.patch(requests(ns, 'r'), { metadata: { annotations: { [mark(key)]: null } } }),
  })),
];

/** What only the operator may do. */
const asTheOperator: Attack[] = [
  {
    guards: ['countersign-status-guard'],
    as: 'relay',
    given: asked,
    name: 'the approval service writes a status',
    expect: 'only the operator writes status',
    try: (by, ns) => by.patch(oursPath(ns, 'approvalrequests', 'r', 'status'), { status: { phase: 'Approved', observedGeneration: 1 } }),
  },
  {
    guards: ['countersign-request-deletion'],
    as: 'relay',
    given: asked,
    name: 'the approval service deletes a request',
    expect: 'a record that nobody may delete',
    try: (by, ns) => by.delete(requests(ns, 'r')),
  },
  {
    guards: ['countersign-decision-guard'],
    as: 'relay',
    given: async (world, ns) => world.as('bob').create(decisions(ns), decision(await asked(world, ns))),
    name: 'the approval service deletes a decision',
    expect: 'nobody may delete',
    try: (by, ns, d) => by.delete(oursPath(ns, 'approvaldecisions', d.metadata.name)),
  },
  {
    guards: ['countersign-request-guard'],
    as: 'relay',
    given: (world, ns) => world.as('operator').create(requests(ns), operatorRequest('r')),
    name: "the approval service edits the operator's request",
    expect: onlyCancels,
    try: (by, ns) => by.patch(requests(ns, 'r'), { spec: { timeout: '1h' } }),
  },
];

export const relayAttacks: readonly Attack[] = [
  ...passingForIt,
  ...speakingForWhomItMayNot,
  ...asking,
  ...changing,
  ...others,
  ...asTheOperator,
];
