import type { Attack } from '../attack.ts';
import type { Stored } from '../api.ts';
import type { World } from '../world.ts';
import { delegation, oursPath, rewrite } from '../subjects.ts';

const guards = ['countersign-delegation-guard'] as const;
const all = (ns: string): string => oursPath(ns, 'approvaldelegations');
const away = (ns: string): string => oursPath(ns, 'approvaldelegations', 'away');
const delegated = (world: World, ns: string): Promise<Stored> => world.as('bob').create(all(ns), delegation('bob', 'carol'));
const onlyThey = 'only they, or somebody with the verb delegate';

/** Without the verb, whatever else they may do; `wilma` and `admin` have it by a wildcard, which does not count. */
const others = ['alice', 'mallory', 'carol', 'wilma', 'admin', 'operator'] as const;

const writing: Attack[] = [
  ...others.map((as): Attack => ({
    guards,
    as,
    name: `${as} delegates what bob may decide`,
    expect: `spec.from: is "bob", but you are`,
    try: (by, ns) => by.create(all(ns), delegation('bob', 'mallory')),
  })),
  {
    guards,
    as: 'mallory',
    name: 'a stranger has it applied on the server',
    expect: onlyThey,
    try: (by, ns) => by.apply(away(ns), delegation('bob', 'mallory')),
  },
  {
    guards,
    as: 'mallory',
    name: 'a stranger spells the name of who delegates otherwise, though nobody is called so',
    expect: 'spec.from: is "Bob"',
    try: (by, ns) => by.create(all(ns), delegation('Bob', 'mallory')),
  },
];

const changing: Attack[] = [
  ...others.map((as): Attack => ({
    guards,
    as,
    given: delegated,
    name: `${as} makes a delegation of bob's last longer`,
    expect: onlyThey,
    try: (by, ns) => by.patch(away(ns), { spec: { notAfter: '2099-01-01T00:00:00Z' } }),
  })),
  {
    guards,
    as: 'carol',
    given: (world, ns) => world.as('bob').create(all(ns), delegation('bob', 'carol', { when: 'context.amount < 10' })),
    name: 'whoever stands in takes the condition off',
    expect: onlyThey,
    try: (by, ns) => by.patch(away(ns), { spec: { when: null } }),
  },
  {
    guards,
    as: 'mallory',
    given: delegated,
    name: 'a stranger replaces the whole delegation',
    expect: onlyThey,
    try: (by, ns) =>
      rewrite(by, away(ns), (found) => {
        found.spec.reason = 'nothing to see';
      }),
  },
  ...others.map((as): Attack => ({
    guards,
    as,
    given: delegated,
    name: `${as} deletes a delegation of bob's`,
    expect: onlyThey,
    try: (by, ns) => by.delete(away(ns)),
  })),
  {
    guards,
    as: 'mallory',
    given: delegated,
    name: 'a stranger deletes all delegations at once',
    expect: onlyThey,
    try: (by, ns) => by.delete(all(ns)),
  },
  {
    guards,
    as: 'mallory',
    given: delegated,
    name: 'a stranger has the garbage collector delete a delegation',
    expect: onlyThey,
    try: (by, ns) =>
      by.patch(away(ns), {
        metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'nobody', uid: 'b1d5e0a4-0000-4000-8000-000000000000' }] },
      }),
  },
  {
    guards,
    as: 'mallory',
    given: delegated,
    name: 'a stranger keeps a delegation from being deleted',
    expect: onlyThey,
    try: (by, ns) => by.patch(away(ns), { metadata: { finalizers: ['mallory.example/keep'] } }),
  },
];

const annotation = (key: string, value: string | null): object => ({ metadata: { annotations: { [`countersign.dev/${key}`]: value } } });

const forging: Attack[] = [
  {
    guards,
    as: 'bob',
    name: 'an approver delegates with groups that he is not in',
    expect: 'say who wrote this',
    given: delegated,
    try: (by, ns) => by.patch(away(ns), annotation('requester-groups', 'finance\nboard')),
  },
  {
    guards,
    as: 'dora',
    given: (world, ns) => world.as('dora').create(all(ns), delegation('bob', 'carol')),
    name: 'whoever may delegate for others passes it off as their own doing',
    expect: 'say who wrote this',
    try: (by, ns) => by.patch(away(ns), annotation('requester', 'bob')),
  },
  {
    guards,
    as: 'mallory',
    given: delegated,
    name: 'a stranger gives whoever delegated more groups',
    expect: 'say who wrote this',
    try: (by, ns) => by.patch(away(ns), annotation('requester-groups', 'finance\nboard')),
  },
  {
    guards,
    as: 'mallory',
    given: delegated,
    name: 'a stranger removes who delegated',
    expect: 'say who wrote this',
    try: (by, ns) => by.patch(away(ns), annotation('requester', null)),
  },
];

export const delegationAttacks: readonly Attack[] = [...writing, ...changing, ...forging];

/** Refused by the schema as well as by the guard, or by the schema alone. */
export const changedDelegations: readonly Omit<Attack, 'guards'>[] = [
  {
    as: 'bob',
    given: delegated,
    name: 'whoever delegated names somebody else instead',
    expect: 'from and to never change',
    try: (by, ns) => by.patch(away(ns), { spec: { to: 'mallory' } }),
  },
  {
    as: 'dora',
    given: delegated,
    name: 'whoever may delegate for others turns a delegation into one of another',
    expect: 'from and to never change',
    try: (by, ns) => by.patch(away(ns), { spec: { from: 'alice' } }),
  },
];
