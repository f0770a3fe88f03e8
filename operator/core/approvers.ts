/** What a platform team wrote down of somebody, in an Approver of that name. */
interface Known {
  readonly name: string;
  readonly username: string;
}

/**
 * What is believed of everybody, by user name. Where several Approvers are about the same person, the first by its name is believed, and nothing that
 * the others say: neither who comes later nor the order of a list changes whose groups and manager count.
 */
export function approversByUsername<A extends Known>(approvers: Iterable<A>): ReadonlyMap<string, A> {
  const believed = new Map<string, A>();
  for (const approver of approvers) {
    const other = believed.get(approver.username);
    if (other === undefined || approver.name < other.name) believed.set(approver.username, approver);
  }
  return believed;
}

/** By what an Approver is found: what the cluster calls them, and what channels do. */
export interface Reached {
  readonly username: string;
  readonly mail?: string | undefined;
  readonly slackId?: string | undefined;
}

/** The fields in which two Approvers are the same, so that they cannot be told apart there. Mail addresses are compared as people write them. */
export function sharedFields(one: Reached, other: Reached): (keyof Reached)[] {
  const fields: [keyof Reached, boolean][] = [
    ['username', one.username === other.username],
    ['mail', one.mail !== undefined && one.mail.toLowerCase() === other.mail?.toLowerCase()],
    ['slackId', one.slackId !== undefined && one.slackId === other.slackId],
  ];
  return fields.flatMap(([field, same]) => (same ? [field] : []));
}

/**
 * The one Approver of that user name, mail address or Slack id. Undefined where there is none, and where there are several or somebody shares what they are
 * reached by: whoever answers could be any of them.
 */
export function theOnly<A extends Reached>(approvers: Iterable<A>, sought: Partial<Reached>): A | undefined {
  const all = [...approvers];
  const [found, ...more] = all.filter((a) => sharedFields({ username: '', ...sought }, a).length > 0);
  if (found === undefined || more.length > 0) return undefined;
  return all.some((a) => a !== found && sharedFields(found, a).length > 0) ? undefined : found;
}

/** User names of managers, by the user name of whom they manage. */
export const managersOf = (believed: ReadonlyMap<string, { readonly manager: string | undefined }>): ReadonlyMap<string, string> =>
  new Map([...believed].flatMap(([username, { manager }]) => (manager === undefined ? [] : [[username, manager]])));
