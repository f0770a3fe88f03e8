import type { Person } from './eligibility.ts';
import { groupedBy } from './groupedBy.ts';
import { once } from './once.ts';
import { compare } from './order.ts';

/** One ApprovalDelegation, as far as it matters for one request. */
export interface DelegationFacts {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Who wrote what it says, as the API server saw them; empty where nobody knows, and then it leads nowhere. */
  readonly author: string;
  /** The groups of `from`: as the API server saw them when they wrote this themselves, else those that an Approver says they have, else none. */
  readonly groups: readonly string[];
  /** RFC 3339. */
  readonly createdAt: string;
  readonly notBefore?: string | undefined;
  readonly notAfter?: string | undefined;
  /** Whether its `when` is true of the request; true when it has none, false when it cannot be evaluated. May be found out as it is asked for. */
  readonly applies: boolean;
}

/** Somebody for whom a voter may decide: themselves, or whoever delegated to them. */
export interface Principal extends Person {
  /** Who handed on to whom, from them to the voter: `[alice, bob]` where bob decides for alice, `[bob]` where he does for himself. */
  readonly chain: readonly string[];
}

/** Everybody for whom one voter may decide. */
export interface Principals {
  /** The voter first. Somebody may be there twice, if they delegated in two ways with different groups known of them. */
  readonly principals: readonly Principal[];
  /** Delegations that lead back to where they began, as `[alice, bob, alice]`. Each person in it decides for the others, once. */
  readonly cycles: readonly (readonly string[])[];
  /** More delegations lead to this voter than are followed. */
  readonly cut: boolean;
}

/** Delegations sorted for being followed in either direction. */
export interface Delegations {
  readonly byFrom: ReadonlyMap<string, readonly DelegationFacts[]>;
  readonly byTo: ReadonlyMap<string, readonly DelegationFacts[]>;
}

/** When to look, and whom to leave out. */
export interface Looking {
  /** Milliseconds since the epoch. For a vote the time it was given: what was handed on later, or no longer was, does not matter to it. */
  readonly at: number;
  /**
   * Through nobody of these does any chain lead, nor by what any of them wrote in somebody else's name. A requester who may not approve may not choose
   * who does in somebody's stead either.
   */
  readonly without?: ReadonlySet<string>;
  /** Follow what they wrote all the same, and what nobody knows the author of: to tell people that it is for this that they do not count. */
  readonly byAnyAuthor?: boolean;
}

/** A chain has at most this many delegations. */
export const longestChain = 8;
/** A voter may choose between at most this many people, themselves included. */
export const mostPrincipals = 64;

/** Sorts them; the order in which they come does not matter. */
export function delegationsOf(all: readonly DelegationFacts[]): Delegations {
  const inOrder = all.filter((d) => d.from !== d.to && d.from !== '' && d.to !== '').sort(byPair);
  return { byFrom: groupedBy(inOrder, (d) => d.from), byTo: groupedBy(inOrder, (d) => d.to) };
}

const byPair = (a: DelegationFacts, b: DelegationFacts): number =>
  compare(a.from, b.from) || compare(a.to, b.to) || compare(a.name, b.name);

/** Whether it holds at that time: from when it was written, within its limits. A time that cannot be read is never. */
export function inForce(delegation: Pick<DelegationFacts, 'createdAt' | 'notBefore' | 'notAfter'>, at: number): boolean {
  const { createdAt, notBefore, notAfter } = delegation;
  return (
    Date.parse(createdAt) <= at &&
    (notBefore === undefined || Date.parse(notBefore) <= at) &&
    (notAfter === undefined || at < Date.parse(notAfter))
  );
}

/** Everybody for whom a voter may decide, followed depth first; the nearest chain is given for each. */
export function principalsOf(voter: Person, delegations: Delegations, looking: Looking): Principals {
  const backward = follow(voter.username, (person) => steps(delegations.byTo.get(person), 'from', looking));
  const others = backward.found.map(({ path, groups }) => ({ username: path.at(-1) ?? '', groups, chain: [...path].reverse() }));
  return {
    principals: [{ username: voter.username, groups: voter.groups, chain: [voter.username] }, ...others],
    cycles: backward.cycles.map((cycle) => fromSmallest([...cycle].reverse())),
    cut: backward.cut,
  };
}

/** Everybody who may decide for this person, nearest first in each branch, with the chain from them to who decides. */
export function deputiesOf(username: string, delegations: Delegations, looking: Looking): readonly (readonly string[])[] {
  const forward = follow(username, (person) => steps(delegations.byFrom.get(person), 'to', looking));
  const nearest = new Map<string, readonly string[]>();
  for (const { path } of forward.found) {
    const name = path.at(-1) ?? '';
    const known = nearest.get(name);
    if (known === undefined || path.length < known.length) nearest.set(name, path);
  }
  return [...nearest.values()];
}

/** The delegations that lead nowhere because of who wrote them, in order. */
export function uncountedFor({ byTo }: Delegations, looking: Looking): readonly DelegationFacts[] {
  return [...byTo.values()].flat().filter((d) => leads(d, { ...looking, byAnyAuthor: true }) && !leads(d, looking));
}

/** What should be said of delegations as a whole. */
export interface CyclesAndCuts {
  /** Each once, told from its smallest name on. */
  readonly cycles: readonly (readonly string[])[];
  /** The people to whom more delegations lead than are followed. */
  readonly cut: readonly string[];
}

/** Looks from everybody to whom somebody delegated. */
export function cyclesAndCuts(delegations: Delegations, looking: Looking): CyclesAndCuts {
  const cycles = new Map<string, readonly string[]>();
  const cut: string[] = [];
  for (const username of delegations.byTo.keys()) {
    const found = principalsOf({ username, groups: [] }, delegations, looking);
    for (const cycle of found.cycles) cycles.set(JSON.stringify(cycle), cycle);
    if (found.cut) cut.push(username);
  }
  return { cycles: [...cycles.values()], cut };
}

/** Where a cycle leads, in words: `alice → bob → alice`. */
export const cycleText = (cycle: readonly string[]): string => cycle.join(' → ');

function leads(delegation: DelegationFacts, { at, without, byAnyAuthor = false }: Looking): boolean {
  const isOut = (name: string): boolean => without?.has(name) === true;
  if (!inForce(delegation, at) || isOut(delegation.from) || isOut(delegation.to)) return false;
  // Nobody's may be anybody's, and so that of who asked.
  const counts = byAnyAuthor || (delegation.author !== '' && !isOut(delegation.author));
  // Last of all, as finding out may take a while.
  return counts && delegation.applies;
}

interface Step {
  readonly next: string;
  readonly groups: readonly string[];
}

/** Where one delegation leads from here; several that lead to the same person and know the same groups of them are one step. */
function steps(list: readonly DelegationFacts[] | undefined, end: 'from' | 'to', looking: Looking): Step[] {
  const found = new Map<string, Step>();
  for (const delegation of list ?? []) {
    if (!leads(delegation, looking)) continue;
    const next = delegation[end];
    found.set(JSON.stringify([next, delegation.groups]), { next, groups: delegation.groups });
  }
  return [...found.values()];
}

interface Found {
  /** From where it began. */
  readonly path: readonly string[];
  /** What the last step knows of its groups. */
  readonly groups: readonly string[];
}

interface Followed {
  readonly found: readonly Found[];
  readonly cycles: readonly (readonly string[])[];
  readonly cut: boolean;
}

/**
 * Depth first, so that a step back onto the path is a cycle. Whoever is met again nearer to the start is followed again, or a long way round could
 * hide, by the limit of its length, what a short one reaches; that happens at most `longestChain` times to each.
 */
function follow(start: string, stepsFrom: (person: string) => readonly Step[]): Followed {
  const found = new Map<string, Found>();
  const cycles = new Map<string, readonly string[]>();
  const nearest = new Map([[start, 0]]);
  let cut = false;

  // Somebody may be met again and again, and anybody may have had many delegations lead to them: each list is read once.
  const stepsOnce = once(stepsFrom);
  const visit = (person: string, path: readonly string[]): void => {
    for (const { next, groups } of stepsOnce(person)) {
      if (path.includes(next)) {
        const cycle = [...path.slice(path.indexOf(next)), next];
        cycles.set(JSON.stringify(fromSmallest(cycle)), cycle);
        continue;
      }
      const step = JSON.stringify([person, next, groups]);
      const earlier = found.get(step);
      if (path.length > longestChain || (earlier === undefined && found.size >= mostPrincipals - 1)) {
        cut = true;
        continue;
      }
      const longer = [...path, next];
      if (earlier === undefined || longer.length < earlier.path.length) found.set(step, { path: longer, groups });
      if ((nearest.get(next) ?? Infinity) <= path.length) continue;
      nearest.set(next, path.length);
      visit(next, longer);
    }
  };

  visit(start, [start]);
  return { found: [...found.values()], cycles: [...cycles.values()], cut };
}

/** The same cycle told from its smallest name on, so that it is one and the same wherever it was found. */
function fromSmallest(cycle: readonly string[]): readonly string[] {
  const names = cycle.slice(0, -1);
  const smallest = names.reduce((best, name, index) => (name < (names[best] ?? '') ? index : best), 0);
  const turned = [...names.slice(smallest), ...names.slice(0, smallest)];
  return [...turned, ...turned.slice(0, 1)];
}
