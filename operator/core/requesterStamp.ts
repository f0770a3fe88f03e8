// Not from the index: whoever bundles this file would carry the schemas along.
import { annotations } from '../../crds/v1alpha1/marks.ts';
import type { Person } from './eligibility.ts';

/** Controllers that carry the real requester in what they create. The last name is all of Kubernetes' controllers, where they share one credential. */
export const cronJobControllers = ['system:serviceaccount:kube-system:cronjob-controller', 'system:kube-controller-manager'] as const;

/**
 * Whether a group can be stamped. Groups stand one a line, so a name that has several lines would be read as several groups, which nobody gave that
 * person: such a group is left out, here and in the guards (`countersign.cel.callerGroups`, operator/guards/expressions.ts).
 */
const isOneLine = (group: string): boolean => !group.includes('\n');

/** The annotations that name who asked and, where they said so, for whom. */
export const requesterStamp = ({ username, groups }: Person, onBehalfOf?: string): Readonly<Record<string, string>> => ({
  [annotations.requester]: username,
  [annotations.requesterGroups]: groups.filter(isOneLine).join('\n'),
  ...(onBehalfOf === undefined ? {} : { [annotations.onBehalfOf]: onBehalfOf }),
});

/** For whom somebody says that they ask: an object to be spread. Nobody is named by an empty name. */
export function onBehalfOfFrom(said: Readonly<Record<string, string>> | undefined): { onBehalfOf?: string } {
  const named = said?.[annotations.onBehalfOf];
  return named === undefined || named === '' ? {} : { onBehalfOf: named };
}

/**
 * Who asked, from the guarded annotations. Nobody is somebody with no name, who can be nobody's approver. So is the controller of CronJobs: it stands there
 * where a template does not say who wrote it, and taken for a person it would let the author approve their own work.
 */
export function requesterFrom(said: Readonly<Record<string, string>> | undefined): { username: string; groups: string[] } {
  const username = said?.[annotations.requester] ?? '';
  if (cronJobControllers.some((name) => name === username)) return { username: '', groups: [] };
  const groups = (said?.[annotations.requesterGroups] ?? '').split('\n');
  return { username, groups: groups.filter((group) => group !== '') };
}
