/** A step of the demo did not go as told. */
export class NotObserved extends Error {
  /** `expected` completes "expected …"; `seen` is what came instead. */
  constructor(expected: string, seen: string) {
    super(`expected ${expected}, but saw:\n${seen.trimEnd()}`);
    this.name = 'NotObserved';
  }
}

/** @throws NotObserved when a text lacks one of these words. */
export function expectWords(text: string, ...words: readonly string[]): void {
  for (const word of words) {
    if (!text.includes(word)) throw new NotObserved(`"${word}"`, text);
  }
}
