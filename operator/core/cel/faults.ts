/** Why an expression or a pattern cannot be used, and where in it, both counted from 1. */
export interface ExpressionFault {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** A fault at this offset of the source. */
export function faultAt(source: string, offset: number, message: string): ExpressionFault {
  const before = source.slice(0, offset).split('\n');
  return { message, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/**
 * What an expression gives where it fails: CEL lets `false && FAILURE` be false, so a failure is a value among others until nobody absorbs it.
 * Not an Error: one without a stack costs next to nothing, however often a loop fails.
 */
export class Failure {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** CEL's words for an operator or function that is not for values of these types. */
export function noOverload(name: string, ...types: readonly string[]): Failure {
  return new Failure(`no such overload: ${name}(${types.join(', ')})`);
}
