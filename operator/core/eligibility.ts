import type { ApproverRef, Separation } from '../../crds/v1alpha1/index.ts';
import type { DecisionFacts, Permissions, PolicyId } from './facts.ts';

/** Somebody who decides: the user name and groups that the API server saw. Two names that only look alike are two people. */
export interface Person {
  readonly username: string;
  readonly groups: readonly string[];
}

/** Somebody who voted, last at that time (milliseconds since the epoch), or who might vote now. */
export type MaybeVoter = Person & { readonly votedAt?: number };

/** Whoever made a decision, as they were then. */
export const voterIn = ({ approver, groups, time }: Pick<DecisionFacts, 'approver' | 'groups' | 'time'>): Voter => ({
  username: approver,
  groups,
  votedAt: Date.parse(time),
});

/** Somebody who voted. */
export type Voter = Person & { readonly votedAt: number };

/** The user name under which a service account acts. */
export const serviceAccountName = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;

/** Somebody who is asked in place of a user who is gone. */
export interface StandInSeen {
  readonly for: string;
  readonly user: string;
  readonly by: string;
  /** Whether they are the manager of who is gone; otherwise the stage's `reassignTo` must allow them. */
  readonly isManager: boolean;
}

/** By what a list of approvers is read: whose `{permission: approve}` is asked about (a request's own stages have no policy), and who stands in for whom. */
export interface Roll {
  readonly policy: PolicyId | undefined;
  readonly permissions: Permissions;
  readonly standIns: readonly StandInSeen[];
  readonly reassignTo: readonly ApproverRef[];
}

/** Whether one entry of a list means this person; nobody is nobody. */
export function isOneOf(entry: ApproverRef, person: Person, { policy, permissions }: Pick<Roll, 'policy' | 'permissions'>): boolean {
  if (person.username === '') return false;
  if (entry.user !== undefined) return entry.user === person.username;
  if (entry.group !== undefined) return person.groups.includes(entry.group);
  if (entry.serviceAccount !== undefined) {
    return serviceAccountName(entry.serviceAccount.namespace, entry.serviceAccount.name) === person.username;
  }
  return entry.permission === 'approve' && policy !== undefined && permissions.mayApprove(person.username, policy, person.groups);
}

/** Whether a list means this person, in their own name or as the stand-in of a user on it. */
export function qualifies(from: readonly ApproverRef[], person: Person, roll: Roll): boolean {
  for (const entry of from) if (isOneOf(entry, person, roll) || standsIn(entry, person, roll)) return true;
  return false;
}

const standsIn = (entry: ApproverRef, person: Person, roll: Roll): boolean =>
  entry.user !== undefined &&
  roll.standIns.length > 0 &&
  roll.standIns.some(
    (standIn) =>
      standIn.for === entry.user &&
      standIn.user === person.username &&
      (standIn.isManager || roll.reassignTo.some((allowed) => isOneOf(allowed, person, roll))),
  );

/** Whether separation of duties keeps this person from approving: no requester may, unless the policy says so. Where nobody knows who asked, it may be anybody. */
export const isBarred = (person: Person, requesters: readonly string[], separation: Separation): boolean =>
  (requesters.includes(person.username) || requesters.includes('')) && !separation.requesterMayApprove;
