/** How many letters must be put in, taken out, exchanged or swapped with their neighbour to get from one word to the other. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (beforeLast[j - 2] ?? 0) + 1 : Infinity;
      row.push(Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost, swapped));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}

/** The candidate that was probably meant, if any is near: at most two slips, and fewer than half of the word. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const allowed = Math.min(2, Math.floor((word.length - 1) / 2));
  const ranked = candidates
    .map((candidate) => ({ candidate, slips: candidate.startsWith(word) && word.length >= 3 ? 1 : distance(word, candidate) }))
    .filter(({ slips }) => slips <= allowed)
    .sort((a, b) => a.slips - b.slips);
  return ranked[0]?.candidate;
}
