import { keepNewest } from './keepNewest.ts';

/** How long answers are kept, and which. */
export interface Keeping<Answer> {
  /** How long an answer is believed, from when it was asked for. */
  readonly keepMs: number;
  /** The most that are kept: questions may come from users. */
  readonly most: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Which answers are worth keeping; all of them when left out. */
  readonly keeps?: (answer: Answer) => boolean;
}

/** Answers that are believed for a while: whoever asks the same meanwhile gets the same, be it still on its way. A failure is none, and is not kept. */
export class KeptAnswers<Answer> {
  readonly #keeping: Keeping<Answer>;
  readonly #kept = new Map<string, { readonly answer: Promise<Answer>; readonly until: number }>();

  constructor(keeping: Keeping<Answer>) {
    this.#keeping = keeping;
  }

  /** The answer that is kept, or the one that `ask` gives. */
  to(question: string, ask: () => Promise<Answer>): Promise<Answer> {
    const { keepMs, most, now, keeps = () => true } = this.#keeping;
    const kept = this.#kept.get(question);
    if (kept !== undefined && kept.until > now()) return kept.answer;
    const answer = ask();
    keepNewest(this.#kept, question, { answer, until: now() + keepMs }, most);
    // A slow one may come when its time is over and a newer is kept in its place.
    const forget = (): void => {
      if (this.#kept.get(question)?.answer === answer) this.#kept.delete(question);
    };
    answer.then((given) => {
      if (!keeps(given)) forget();
    }, forget);
    return answer;
  }
}
