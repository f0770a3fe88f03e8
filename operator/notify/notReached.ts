/**
 * Nobody was reached. Whoever names what is called reads the message, and must not learn from it which names there are inside, what addresses they have and
 * which ports are open: it is one sentence for all of that, and `cause` is for administrators.
 */
export class NotReached extends Error {
  override readonly name = 'NotReached';
  override readonly cause: string | undefined;
  /** Trying again would not help. */
  readonly final: boolean;

  constructor(message: string, final: boolean, cause?: string) {
    super(message);
    this.final = final;
    this.cause = cause;
  }

  /** What somebody is told of it. */
  told(): { readonly final: boolean; readonly message: string; readonly cause?: string } {
    const { final, message, cause } = this;
    return { final, message, ...(cause === undefined ? {} : { cause }) };
  }
}

/** What is said of every reason of name, address or connection. Without the host, which not everybody who reads it has chosen. */
export const noAnswerSentence =
  'No answer, or no address there that may be called; an administrator finds the reason in the log of Countersign.';

/** For a reason of name, address or connection. */
export const noAnswer = (cause: string, final = false): NotReached => new NotReached(noAnswerSentence, final, cause);
