import type { Resource } from '../../../crds/v1alpha1/index.ts';
import { compare } from '../../../operator/core/order.ts';
import type { Caller } from '../callers/caller.ts';
import type { RequestDeps } from './deps.ts';

/** Where an object stands in a list: when it was created, and its uid where that is not enough. */
export interface Place {
  readonly createdAt: string;
  readonly uid: string;
}

/** Times of the API server are all written alike, so they compare as text. For `sort`. */
export const newestFirst = (a: Place, b: Place): number => compare(b.createdAt, a.createdAt) || compare(a.uid, b.uid);

/** Tells of a namespace whether the caller may list the objects of a kind there: asked of all namespaces at once, and of each where that is refused. */
export function listable(
  { permissions }: Pick<RequestDeps, 'permissions'>,
  caller: Caller,
  { group, plural }: Resource,
): (namespace: string) => Promise<boolean> {
  const listing = { verb: 'list', group, resource: plural };
  let everywhere: Promise<boolean> | undefined;
  return async (namespace) => {
    everywhere ??= permissions.may(caller, listing);
    return (await everywhere) || permissions.may(caller, { ...listing, namespace });
  };
}
