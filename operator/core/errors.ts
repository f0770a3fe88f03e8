/**
 * The base of every error this project throws on purpose. `code` is stable and may be tested by programs; the message is a sentence for people
 * that names the field, what it was, what was expected and what to do. Refusals are data, not errors: throw only when something could not be decided.
 */
export class CountersignError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CountersignError';
    this.code = code;
  }
}
