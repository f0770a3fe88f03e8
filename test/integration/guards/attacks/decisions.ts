import type { Attack } from '../attack.ts';
import type { Stored } from '../api.ts';
import type { World } from '../world.ts';
import { decision, oursPath, request, rewrite } from '../subjects.ts';

const guards = ['countersign-decision-guard'] as const;
const all = (ns: string): string => oursPath(ns, 'approvaldecisions');
const asked = (world: World, ns: string): Promise<Stored> => world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r'));
const decided = async (world: World, ns: string): Promise<Stored> => world.as('bob').create(all(ns), decision(await asked(world, ns)));
const at = (ns: string, of: Stored): string => oursPath(ns, 'approvaldecisions', of.metadata.name);

const forging: Attack[] = [
  {
    guards,
    as: 'alice',
    given: asked,
    name: 'the requester approves in the name of an approver',
    expect: 'spec.approver: is "bob", but you are "alice"',
    try: (by, ns, r) => by.create(all(ns), decision(r, { approver: 'bob' })),
  },
  {
    guards,
    as: 'admin',
    given: asked,
    name: 'cluster-admin approves in the name of an approver',
    expect: 'spec.approver: is "bob"',
    try: (by, ns, r) =>
      by.create(all(ns), decision(r, { approver: 'bob', groups: ['finance', 'system:authenticated'], via: 'Kubernetes' })),
  },
  {
    guards,
    as: 'operator',
    given: asked,
    name: 'the operator approves in the name of an approver',
    expect: 'spec.approver: is "bob"',
    try: (by, ns, r) => by.create(all(ns), decision(r, { approver: 'bob' })),
  },
  {
    guards,
    as: 'bob',
    given: asked,
    name: 'an approver spells his own name otherwise, to count twice',
    expect: 'spec.approver: is "Bob"',
    try: (by, ns, r) => by.create(all(ns), decision(r, { approver: 'Bob' })),
  },
  {
    guards,
    as: 'mallory',
    given: asked,
    name: 'a stranger gives herself the group of the approvers',
    expect: "spec.groups: not the caller's groups",
    try: (by, ns, r) => by.create(all(ns), decision(r, { groups: ['dev', 'finance', 'system:authenticated'] })),
  },
  {
    guards,
    as: 'mallory',
    given: asked,
    name: 'a stranger leaves a group out',
    expect: "spec.groups: not the caller's groups",
    try: (by, ns, r) => by.create(all(ns), decision(r, { groups: [] })),
  },
  ...(['Web', 'Slack', 'Email'] as const).map((via): Attack => ({
    guards,
    as: 'bob',
    given: asked,
    name: `an approver claims to have come by ${via}`,
    expect: 'spec.via',
    try: (by, ns, r) => by.create(all(ns), decision(r, { via })),
  })),
  {
    guards,
    as: 'bob',
    given: asked,
    name: 'an approver has the garbage collector delete his decision',
    expect: 'metadata.ownerReferences',
    try: (by, ns, r) =>
      by.create(
        all(ns),
        decision(
          r,
          {},
          { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'nobody', uid: 'b1d5e0a4-0000-4000-8000-000000000000' }] },
        ),
      ),
  },
  {
    guards,
    as: 'bob',
    given: asked,
    name: 'an approver puts a finalizer on his decision',
    expect: 'metadata.finalizers',
    try: (by, ns, r) => by.create(all(ns), decision(r, {}, { finalizers: ['mallory.example/keep'] })),
  },
];

/** Whoever has no verb of ours by name, the requester herself and whoever has all by a wildcard included. */
const withoutVerb = ['alice', 'bob', 'wilma', 'admin'] as const;

const seizing: Attack[] = withoutVerb.flatMap((as): Attack[] => [
  {
    guards,
    as,
    given: asked,
    name: `${as} overrides without the verb`,
    expect: 'takes the verb override on approvalrequests',
    try: (by, ns, r) => by.create(all(ns), decision(r, { verdict: 'Override', ticket: 'INC-1' })),
  },
  {
    guards,
    as,
    given: asked,
    name: `${as} asks somebody else in a stage without the verb`,
    expect: 'takes the verb reassign on approvalrequests',
    try: (by, ns, r) =>
      by.create(all(ns), decision(r, { verdict: 'Reassign', reassign: { stage: 'finance', from: 'bob', to: 'mallory' } })),
  },
]);

const rewriting: Attack[] = [
  {
    guards,
    as: 'alice',
    given: decided,
    name: 'the requester has the garbage collector delete a rejection',
    expect: 'metadata.ownerReferences',
    try: (by, ns, d) =>
      by.patch(at(ns, d), {
        metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'nobody', uid: 'b1d5e0a4-0000-4000-8000-000000000000' }] },
      }),
  },
  {
    guards,
    as: 'alice',
    given: decided,
    name: 'the requester puts a finalizer on a decision',
    expect: 'metadata.finalizers',
    try: (by, ns, d) => by.patch(at(ns, d), { metadata: { finalizers: ['mallory.example/keep'] } }),
  },
  ...(['alice', 'bob', 'mallory', 'admin'] as const).map((as): Attack => ({
    guards,
    as,
    given: decided,
    name: `${as} deletes a decision`,
    expect: 'nobody may delete',
    try: (by, ns, d) => by.delete(at(ns, d)),
  })),
  {
    guards,
    as: 'alice',
    given: decided,
    name: 'the requester deletes all decisions at once',
    expect: 'nobody may delete',
    try: (by, ns) => by.delete(all(ns)),
  },
];

export const decisionAttacks: readonly Attack[] = [...forging, ...seizing, ...rewriting];

/** Refused by the schema as well as by the guard; so not among those that must go through without the guard. */
export const changedDecisions: readonly Omit<Attack, 'guards'>[] = [
  {
    as: 'bob',
    given: decided,
    name: 'an approver turns his yes into a no',
    expect: 'a decision never changes',
    try: (by, ns, d) => by.patch(at(ns, d), { spec: { verdict: 'Reject' } }),
  },
  {
    as: 'admin',
    given: decided,
    name: 'cluster-admin points a decision at another request',
    expect: 'a decision never changes',
    try: (by, ns, d) =>
      rewrite(by, at(ns, d), (found) => {
        found.spec.requests[0].uid = 'c1d5e0a4-0000-4000-8000-000000000000';
      }),
  },
  {
    as: 'operator',
    given: decided,
    name: 'the operator changes a decision',
    expect: 'a decision never changes',
    try: (by, ns, d) => by.patch(at(ns, d), { spec: { approver: 'carol' } }),
  },
  {
    as: 'bob',
    given: decided,
    name: 'an approver wipes the spec',
    expect: 'spec',
    try: (by, ns, d) => by.patch(at(ns, d), { spec: null }),
  },
];
