import { keepNewest } from './keepNewest.ts';

/**
 * The same function, which keeps the answers to its last questions. For pure functions alone, where nobody can tell a kept answer from a new one: it
 * saves reading the same schedules, zones and patterns anew for each of thousands of requests. Bounded, as the questions come from users.
 */
export function remembered<Answer>(most: number, answer: (question: string) => Answer): (question: string) => Answer {
  const kept = new Map<string, Answer>();
  return (question) => {
    const known = kept.get(question);
    if (known !== undefined) return known;
    const made = answer(question);
    keepNewest(kept, question, made, most);
    return made;
  };
}
