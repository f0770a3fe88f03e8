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

/** How many questions about a caller's rights are under way at once: they may have them in few of thousands of namespaces, and one after the other takes as long as all together. */
const askedAtOnce = 20;

/**
 * Those of the objects that the caller may list, in their order: asked of all namespaces at once, and of each where that is refused, no further ahead than
 * they are taken.
 */
export async function* listable<T extends { readonly namespace: string }>(
  { permissions }: Pick<RequestDeps, 'permissions'>,
  caller: Caller,
  { group, plural }: Resource,
  objects: readonly T[],
): AsyncGenerator<T> {
  const listing = { verb: 'list', group, resource: plural };
  if (await permissions.may(caller, listing)) return yield* objects;
  const namespaces = [...new Set(objects.map(({ namespace }) => namespace))];
  const answers = new Map<string, boolean>();
  for (const object of objects) {
    const { namespace } = object;
    if (!answers.has(namespace)) {
      // They come in the order of their first objects, so this one is the first of the next.
      const next = namespaces.slice(answers.size, answers.size + askedAtOnce);
      await Promise.all(next.map(async (name) => answers.set(name, await permissions.may(caller, { ...listing, namespace: name }))));
    }
    if (answers.get(namespace) === true) yield object;
  }
}

/** The first so many of them, and whether there are more: one more than fits says that. */
export async function firstOf<T>(objects: AsyncIterable<T>, most: number): Promise<{ readonly page: T[]; readonly isLast: boolean }> {
  const page: T[] = [];
  for await (const object of objects) if (page.push(object) > most) break;
  return { page: page.slice(0, most), isLast: page.length <= most };
}

/** Those of them that are wanted, in their order. */
export async function* filtered<T>(objects: AsyncIterable<T>, isWanted: (object: T) => Promise<boolean>): AsyncGenerator<T> {
  const asked: T[] = [];
  const answered = async (): Promise<T[]> => {
    const answers = await Promise.all(asked.splice(0).map(async (object) => ({ object, wanted: await isWanted(object) })));
    return answers.flatMap(({ object, wanted }) => (wanted ? [object] : []));
  };
  for await (const object of objects) if (asked.push(object) === askedAtOnce) yield* await answered();
  yield* await answered();
}
