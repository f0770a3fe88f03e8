/** What only Kubernetes' schema language can say; carried by `.meta()` to the generator of the CRDs. */

/**
 * One `x-kubernetes-validations` entry: what the API server itself evaluates when an object is written.
 * The message says what was expected and what to do; `messageExpression`, where there is one, adds what it was. The API server puts the field's path before it.
 */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly messageExpression?: string;
  readonly fieldPath?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
}

/** Attaches CEL rules. */
export const withRules = (...rules: Rule[]): { 'x-kubernetes-validations': Rule[] } => ({ 'x-kubernetes-validations': rules });

/** CEL: an optional field is as it was, present or not. (Comparing optionals, `self.?x`, would be shorter, but their cost cannot be estimated.) */
export const unchanged = (path: string): string =>
  `has(self.${path}) == has(oldSelf.${path}) && (!has(self.${path}) || self.${path} == oldSelf.${path})`;

/** A list whose items are told apart by these fields: no two may have the same, and appliers may own items separately. */
export const listMap = (...keys: string[]): { 'x-kubernetes-list-type': 'map'; 'x-kubernetes-list-map-keys': string[] } => ({
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
});

/**
 * A list in which nothing may appear twice. Its items must be scalars: of objects the API server (seen in 1.36) takes such a schema too, but can then
 * neither merge the list (server-side apply, admission policies) nor compare it in CEL.
 */
export const listSet = { 'x-kubernetes-list-type': 'set' } as const;

/** An object that is owned and compared as a whole. */
export const atomicObject = { 'x-kubernetes-map-type': 'atomic' } as const;

/** The most entries that a map may have. */
export const maxProperties = (count: number): { maxProperties: number } => ({ maxProperties: count });
