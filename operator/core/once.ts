/**
 * The same function, which finds each answer out once for as long as it is used itself: in one look at a request the same is asked for every stage and every
 * place. `keyOf` tells questions that have one answer; each is one of its own when left out.
 */
export function once<Question, Answer extends object>(
  answer: (question: Question) => Answer,
  keyOf: (question: Question) => unknown = (question) => question,
): (question: Question) => Answer {
  const known = new Map<unknown, Answer>();
  return (question) => {
    const key = keyOf(question);
    const before = known.get(key);
    if (before !== undefined) return before;
    const found = answer(question);
    known.set(key, found);
    return found;
  };
}
