import type { Attack } from '../attack.ts';
import type { Stored } from '../api.ts';
import { governedJob, operatorRequest, oursPath, request } from '../subjects.ts';
import type { World } from '../world.ts';

const key = 'countersign.dev/on-behalf-of';
const forBob = { annotations: { [key]: 'bob' } };
const askedForBob = (world: World, ns: string): Promise<Stored> =>
  world.as('alice').create(oursPath(ns, 'approvalrequests'), request('it', {}, forBob));
const plannedForBob = (world: World, ns: string): Promise<Stored> =>
  world.as('alice').create(oursPath(ns, 'governedjobs'), governedJob('it', {}, forBob));
const askedByOperator = (world: World, ns: string): Promise<Stored> =>
  world.as('operator').create(oursPath(ns, 'approvalrequests'), operatorRequest('it'));

const changes = (
  name: string,
  given: NonNullable<Attack['given']>,
  plural: string,
  to: string | null,
  as: Attack['as'] = 'alice',
): Attack => ({
  guards: ['countersign-request-guard'],
  as,
  given,
  name,
  expect: `annotation ${key} says for whom this was asked and never changes`,
  try: (by, ns) => by.patch(oursPath(ns, plural, 'it'), { metadata: { annotations: { [key]: to } } }),
});

/** For whom something was asked decides who may not approve it: that stays as it was. */
export const onBehalfOfAttacks: readonly Attack[] = [
  changes('a requester names somebody else on her request', askedForBob, 'approvalrequests', 'carol'),
  changes('a requester names nobody any more on her request', askedForBob, 'approvalrequests', null),
  changes('cluster-admin names somebody else on a request', askedForBob, 'approvalrequests', 'carol', 'admin'),
  changes("a requester names somebody on the operator's request", askedByOperator, 'approvalrequests', 'bob'),
  changes('a requester names somebody else on her GovernedJob', plannedForBob, 'governedjobs', 'carol'),
  changes('a requester names nobody any more on her GovernedJob', plannedForBob, 'governedjobs', null),
];
