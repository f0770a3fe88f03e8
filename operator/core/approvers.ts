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

/** User names of managers, by the user name of whom they manage. */
export const managersOf = (believed: ReadonlyMap<string, { readonly manager: string | undefined }>): ReadonlyMap<string, string> =>
  new Map([...believed].flatMap(([username, { manager }]) => (manager === undefined ? [] : [[username, manager]])));
