import type { ApproverRef, Requirement, Separation } from '../../crds/v1alpha1/index.ts';
import type { Permissions, PolicyId } from './facts.ts';

/** Somebody who decides: the user name and groups that the API server saw. Two names that only look alike are two people. */
export interface Person {
  readonly username: string;
  readonly groups: readonly string[];
}

/** The user name under which a service account acts. */
export const serviceAccountName = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;

/** Whether one entry of `from` means this person; nobody is nobody. `policy` is whose `{permission: approve}` is asked about; a request's own stages have none. */
export function isOneOf(entry: ApproverRef, person: Person, policy: PolicyId | undefined, permissions: Permissions): boolean {
  if (person.username === '') return false;
  if (entry.user !== undefined) return entry.user === person.username;
  if (entry.group !== undefined) return person.groups.includes(entry.group);
  if (entry.serviceAccount !== undefined) {
    return serviceAccountName(entry.serviceAccount.namespace, entry.serviceAccount.name) === person.username;
  }
  return entry.permission === 'approve' && policy !== undefined && permissions.mayApprove(person.username, policy, person.groups);
}

/** Whether a requirement's list means this person. */
export const qualifies = (
  requirement: Pick<Requirement, 'from'>,
  person: Person,
  policy: PolicyId | undefined,
  permissions: Permissions,
): boolean => requirement.from.some((entry) => isOneOf(entry, person, policy, permissions));

/** Whether separation of duties keeps this person from approving: the requester may not, unless the policy says so. Where nobody knows who asked, it may be anybody. */
export const isBarred = (person: Person, requester: string, separation: Separation): boolean =>
  (person.username === requester || requester === '') && !separation.requesterMayApprove;
