import { groupedBy } from './groupedBy.ts';

/** Who fills a place, and for whom they stand there: themselves or somebody else. */
export interface Seat<Voter, Principal> {
  readonly voter: Voter;
  readonly principal: Principal;
}

/** What may be put where. */
export interface SeatingRules<Place, Voter, Principal> {
  /** For whom a voter may stand; the first is the voter themselves, who may come up again, as they are seen elsewhere. */
  readonly principalsOf: (voter: Voter) => readonly Principal[];
  /** Equal for the same person, whoever stands for them. */
  readonly identity: (principal: Principal) => unknown;
  /** Whether this voter, standing for this principal, could fill this place. */
  readonly fits: (principal: Principal, place: Place, voter: Voter) => boolean;
  /** Equal for places that the same people fit, so that it is found out once for all of them. Each place is one of its own when left out. */
  readonly kindOf?: (place: Place) => unknown;
}

/**
 * Who fills which place. A voter stands for at most one person, and a person fills at most one place, whoever stands for them. As many places
 * are filled as can be, and among those the earliest: an earlier place, once it can be filled, stays filled by somebody (a flow of ones from voter to
 * principal to place, by augmenting paths; the sets of places that such flows fill are a matroid, so the greedy order is optimal). Where they qualify,
 * voters stand for themselves.
 *
 * That is the most for certain where `fits` depends on the principal and the place alone. Where it depends on the voter too, for instance on when
 * they voted, nothing is ever filled wrongly, but finding the most is a harder problem (three-dimensional matching), and is not promised.
 */
export function seat<Place, Voter, Principal>(
  places: readonly Place[],
  voters: readonly Voter[],
  rules: SeatingRules<Place, Voter, Principal>,
): Map<Place, Seat<Voter, Principal>> {
  const seating = new Seating(places, standsOf(voters, rules), rules);
  for (const place of places) seating.fill(place);
  seating.preferOwn();
  return seating.seats();
}

/** The same where everybody stands for themselves alone. */
export function fillPlaces<Place, Person>(
  places: readonly Place[],
  people: readonly Person[],
  fits: (person: Person, place: Place) => boolean,
): Map<Place, Person> {
  const seats = seat(places, people, { principalsOf: (person) => [person], identity: (person) => person, fits });
  return new Map([...seats].map(([place, { voter }]) => [place, voter]));
}

/** One voter standing for one person. */
interface Stand<Voter, Principal> extends Seat<Voter, Principal> {
  readonly person: unknown;
  readonly own: boolean;
}

/** Everybody for themselves first: who is asked first is chosen first. */
function standsOf<Place, Voter, Principal>(
  voters: readonly Voter[],
  { principalsOf, identity }: SeatingRules<Place, Voter, Principal>,
): Stand<Voter, Principal>[] {
  const own: Stand<Voter, Principal>[] = [];
  const inStead: Stand<Voter, Principal>[] = [];
  for (const voter of voters) {
    const principals = principalsOf(voter);
    const self = principals[0] === undefined ? undefined : identity(principals[0]);
    for (const principal of principals) {
      const person = identity(principal);
      const isOwn = person === self;
      (isOwn ? own : inStead).push({ voter, principal, person, own: isOwn });
    }
  }
  return [...own, ...inStead];
}

/** What one search has seen; what did not help once does not help it later. */
interface Tried<Place, Voter> {
  readonly places: Set<Place>;
  readonly people: Set<unknown>;
  readonly voters: Set<Voter>;
}

class Seating<Place, Voter, Principal> {
  readonly #candidates: ReadonlyMap<Place, ReadonlyMap<unknown, readonly Stand<Voter, Principal>[]>>;
  readonly #stands: readonly Stand<Voter, Principal>[];
  readonly #seats = new Map<Place, Stand<Voter, Principal>>();
  readonly #placeOfPerson = new Map<unknown, Place>();
  readonly #placeOfVoter = new Map<Voter, Place>();

  constructor(
    places: readonly Place[],
    stands: readonly Stand<Voter, Principal>[],
    { fits, kindOf = (place) => place }: Pick<SeatingRules<Place, Voter, Principal>, 'fits' | 'kindOf'>,
  ) {
    this.#stands = stands;
    this.#candidates = new Map(
      [...groupedBy(places, kindOf).values()].flatMap((alike) => {
        const [first] = alike;
        const fitting = first === undefined ? [] : stands.filter((s) => fits(s.principal, first, s.voter));
        const byPerson = groupedBy(fitting, (s) => s.person);
        return alike.map((place) => [place, byPerson] as const);
      }),
    );
  }

  seats(): Map<Place, Seat<Voter, Principal>> {
    return new Map([...this.#seats].map(([place, { voter, principal }]) => [place, { voter, principal }]));
  }

  /** Fills the place if any rearrangement of those before it allows that. */
  fill(place: Place): boolean {
    return this.#refill(place, { places: new Set([place]), people: new Set(), voters: new Set() });
  }

  /** Finds somebody for an empty place: somebody idle, or somebody whose own place can be filled by others. */
  #refill(place: Place, tried: Tried<Place, Voter>): boolean {
    if (this.#seatIdle(place)) return true;
    for (const person of this.#peopleFor(place).keys()) {
      const held = this.#placeOfPerson.get(person);
      if (held === undefined) {
        if (!tried.people.has(person) && this.#supply(place, person, tried)) return true;
      } else if (!tried.places.has(held) && this.#move(place, person, held, tried)) return true;
    }
    return false;
  }

  #peopleFor(place: Place): ReadonlyMap<unknown, readonly Stand<Voter, Principal>[]> {
    return this.#candidates.get(place) ?? new Map<unknown, readonly Stand<Voter, Principal>[]>();
  }

  #seatIdle(place: Place): boolean {
    for (const [person, stands] of this.#peopleFor(place)) {
      if (this.#placeOfPerson.has(person)) continue;
      const idle = stands.find((s) => !this.#placeOfVoter.has(s.voter));
      if (idle === undefined) continue;
      this.#put(place, idle);
      return true;
    }
    return false;
  }

  /** Takes a person, with whoever stands for them, from another place, and fills that one anew. */
  #move(place: Place, person: unknown, held: Place, tried: Tried<Place, Voter>): boolean {
    const before = this.#seats.get(held);
    const here = this.#peopleFor(place)
      .get(person)
      ?.find((s) => s.voter === before?.voter);
    if (before === undefined || here === undefined) return false;
    tried.places.add(held);
    this.#seats.delete(held);
    this.#put(place, here);
    if (this.#refill(held, tried)) return true;
    this.#seats.delete(place);
    this.#put(held, before);
    return false;
  }

  /** Finds a voter who stands for a person at an empty place, if need be one who stood for somebody else: then that place is supplied or filled anew. */
  #supply(place: Place, person: unknown, tried: Tried<Place, Voter>): boolean {
    tried.people.add(person);
    for (const stand of this.#peopleFor(place).get(person) ?? []) {
      if (tried.voters.has(stand.voter)) continue;
      tried.voters.add(stand.voter);
      const held = this.#placeOfVoter.get(stand.voter);
      if (held === undefined) {
        this.#put(place, stand);
        return true;
      }
      if (this.#takeVoter(place, stand, held, tried)) return true;
    }
    return false;
  }

  #takeVoter(place: Place, stand: Stand<Voter, Principal>, held: Place, tried: Tried<Place, Voter>): boolean {
    const before = this.#seats.get(held);
    if (before === undefined) return false;
    this.#seats.delete(held);
    this.#placeOfPerson.delete(before.person);
    this.#put(place, stand);
    if (!tried.people.has(before.person) && this.#supply(held, before.person, tried)) return true;
    if (!tried.places.has(held)) {
      tried.places.add(held);
      if (this.#refill(held, tried)) return true;
    }
    this.#seats.delete(place);
    this.#placeOfPerson.delete(stand.person);
    this.#put(held, before);
    return false;
  }

  #put(place: Place, stand: Stand<Voter, Principal>): void {
    this.#seats.set(place, stand);
    this.#placeOfPerson.set(stand.person, place);
    this.#placeOfVoter.set(stand.voter, place);
  }

  /** Lets voters stand for themselves wherever that fills the same places. Each step makes one more do so, so it ends. */
  preferOwn(): void {
    if ([...this.#seats.values()].every(({ own }) => own)) return;
    const selves = new Map(this.#stands.flatMap(({ own, voter, person }) => (own ? [[voter, person]] : [])));
    while ([...this.#seats].some(([place, stand]) => !stand.own && this.#standForOneself(place, stand, selves.get(stand.voter))));
  }

  #standForOneself(place: Place, stand: Stand<Voter, Principal>, self: unknown): boolean {
    const held = this.#placeOfPerson.get(self);
    const own = this.#stand(held ?? place, self, stand.voter);
    if (own === undefined) return false;
    if (held === undefined) {
      this.#placeOfPerson.delete(stand.person);
      this.#put(place, own);
      return true;
    }
    // Somebody else stands for this voter elsewhere: the two change places, if that one may stand for the other person.
    const other = this.#seats.get(held);
    const changed = other === undefined || other.own ? undefined : this.#stand(place, stand.person, other.voter);
    if (changed === undefined) return false;
    this.#put(held, own);
    this.#put(place, changed);
    return true;
  }

  #stand(place: Place, person: unknown, voter: Voter): Stand<Voter, Principal> | undefined {
    return this.#peopleFor(place)
      .get(person)
      ?.find((s) => s.voter === voter);
  }
}
