import { annotations } from '../../../crds/v1alpha1/index.ts';
import { requesterStamp } from '../../../operator/core/requesterStamp.ts';
import type { Caller } from '../callers/caller.ts';

const authenticated = 'system:authenticated';
const serviceAccounts = 'system:serviceaccounts';

/**
 * The groups that the service says somebody is in. Of those that Kubernetes keeps for itself only what the guards accept: the others would be asked of
 * the authorizer too, which says yes to everything for system:masters.
 */
export function relayedGroups({ username, groups }: Pick<Caller, 'username' | 'groups'>): string[] {
  const [, , namespace] = username.startsWith('system:serviceaccount:') ? username.split(':') : [];
  const own = namespace === undefined ? [authenticated] : [authenticated, serviceAccounts, `${serviceAccounts}:${namespace}`];
  return groups.filter((group) => own.includes(group) || (namespace === undefined && !group.startsWith('system:')));
}

/** Who asks, as the annotations of what the service creates say it. */
export const askedBy = (caller: Caller): Record<string, string> => ({
  ...requesterStamp({ username: caller.username, groups: relayedGroups(caller) }),
  [annotations.via]: caller.via,
});
