/**
 * One `x-kubernetes-validations` entry: what the API server itself evaluates when an object is written.
 * The message names the field, what was expected and what to do; `messageExpression` adds what it was.
 */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly messageExpression?: string;
  readonly fieldPath?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
}

/** Metadata for a zod schema that makes the generator attach CEL rules to it. */
export const withRules = (...rules: Rule[]): { 'x-kubernetes-validations': Rule[] } => ({ 'x-kubernetes-validations': rules });
