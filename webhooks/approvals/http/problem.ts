/** One field that was wrong. */
export interface FieldProblem {
  /** Where in the body, query or path: `body.stages[0].name`. */
  readonly field: string;
  /** What it was and what was expected. */
  readonly message: string;
}

/** What a Problem carries besides its sentence. */
export interface ProblemDetails {
  readonly fields?: readonly FieldProblem[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is no success, as RFC 9457 problem details. Throw it from a route; nothing else that is thrown is ever shown to the caller. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  /** A stable word for programs, the last part of the problem's `type`. */
  readonly code: string;
  readonly details: ProblemDetails;

  /** @param sentence for people: which field, what it was, what was expected, what to do. */
  constructor(status: number, code: string, sentence: string, details: ProblemDetails = {}) {
    super(sentence);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  /** The body of the answer, `application/problem+json`. */
  toJSON(): Record<string, unknown> {
    return {
      type: `https://countersign.dev/problems/${this.code}`,
      title: titleOf(this.code),
      status: this.status,
      detail: this.message,
      ...(this.details.fields === undefined ? {} : { errors: this.details.fields }),
    };
  }
}

/** `request-not-found` → `Request not found`. */
const titleOf = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('-', ' ');
