import type { Person } from './person.ts';

/** Who is in the story. alice is in the group developers, bob in finance; both start in the namespace payments. */
export interface Cast {
  readonly admin: Person;
  readonly alice: Person;
  readonly bob: Person;
}
