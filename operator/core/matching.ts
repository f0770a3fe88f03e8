/**
 * Who fills which place. Places are filled in the order given: an earlier place, once it can be filled, stays filled by somebody, so that the
 * most places possible are filled and among those the earliest (a maximum matching by augmenting paths; transversal matroids make the greedy
 * order optimal). One person fills at most one place.
 */
export function fillPlaces<Place, Person>(
  places: readonly Place[],
  people: readonly Person[],
  fits: (person: Person, place: Place) => boolean,
): Map<Place, Person> {
  const holder = new Map<Place, Person>();
  const placeOf = new Map<Person, Place>();

  const seat = (place: Place, tried: Set<Person>): boolean => {
    for (const person of people) {
      if (tried.has(person) || !fits(person, place)) continue;
      tried.add(person);
      const held = placeOf.get(person);
      if (held !== undefined && !seat(held, tried)) continue;
      holder.set(place, person);
      placeOf.set(person, place);
      return true;
    }
    return false;
  };

  for (const place of places) seat(place, new Set());
  return holder;
}
