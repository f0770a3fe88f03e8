/**
 * Turns what `z.toJSONSchema` writes into what the API server calls a structural schema. It refuses, with the path, what a CRD cannot say or
 * what would make CEL rules cost more than the API server allows: a union, an unbounded string, list or map.
 */

/** A structural schema, as far as our kinds need it. */
export interface Structural {
  type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  description?: string;
  format?: string;
  enum?: string[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: string[];
  properties?: Record<string, Structural>;
  additionalProperties?: Structural;
  items?: Structural;
  'x-kubernetes-preserve-unknown-fields'?: true;
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic';
  'x-kubernetes-validations'?: Record<string, string>[];
}

type Json = Record<string, unknown>;

/** Keys that are taken over as they are, in the order in which they are written. */
const plainKeys = [
  'description',
  'type',
  'format',
  'enum',
  'default',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'maxProperties',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'required',
] as const;

const knownKeys = new Set<string>([...plainKeys, '$schema', 'properties', 'additionalProperties', 'items', 'x-kubernetes-validations']);

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fails with the path of the schema that the API server would not take. */
const refuse = (path: string, why: string): never => {
  throw new Error(`${path}: ${why}`);
};

const childObject = (value: unknown, path: string): Json =>
  isObject(value) ? value : refuse(path, `is ${JSON.stringify(value)}; expected a schema.`);

const checkBounds = (schema: Json, path: string): void => {
  const { type } = schema;
  if (type === 'string' && schema.enum === undefined && schema.format === undefined && schema.maxLength === undefined) {
    refuse(path, 'a string without a bound; add .max(n) to its zod schema.');
  }
  if (type === 'array' && schema.maxItems === undefined) refuse(path, 'a list without a bound; add .max(n) to its zod schema.');
  if (type === 'object' && isMap(schema) && schema.maxProperties === undefined) {
    refuse(path, 'a map without a bound; add .meta(maxProperties(n)) to its zod schema.');
  }
};

/** Whether it is an object with keys that are not known beforehand and values of one schema. */
const isMap = (schema: Json): boolean => isObject(schema.additionalProperties) && Object.keys(schema.additionalProperties).length > 0;

/** Whether it is an object of which nothing is known. */
const isAnyObject = (schema: Json): boolean =>
  isObject(schema.additionalProperties) && Object.keys(schema.additionalProperties).length === 0;

const integerLimits = (schema: Json): Json => {
  if (schema.type !== 'integer') return schema;
  const { minimum, maximum, ...rest } = schema;
  // zod writes the limits of exact integers into every schema; they say nothing to a reader, and a format says it better.
  const safe = (limit: unknown): boolean => Math.abs(limit as number) === Number.MAX_SAFE_INTEGER;
  return {
    ...rest,
    format: safe(maximum) ? 'int64' : 'int32',
    ...(safe(minimum) ? {} : { minimum }),
    ...(safe(maximum) ? {} : { maximum }),
  };
};

/** Makes one schema, and everything in it, structural. `path` names it in errors. */
export const structural = (from: unknown, path: string): Structural => {
  const source = integerLimits(childObject(from, path));
  for (const key of Object.keys(source)) {
    if (!knownKeys.has(key)) refuse(path, `${key} has no place in a structural schema; say it by optional fields and a CEL rule.`);
  }
  if (typeof source.type !== 'string') refuse(path, 'has no single type; give its zod schema one.');
  checkBounds(source, path);

  const result: Json = {};
  for (const key of plainKeys) if (source[key] !== undefined) result[key] = source[key];
  if (typeof result.pattern === 'string') result.pattern = result.pattern.replaceAll('\\/', '/');
  if (isAnyObject(source)) result['x-kubernetes-preserve-unknown-fields'] = true;
  if (isMap(source)) result.additionalProperties = structural(source.additionalProperties, `${path}.*`);
  if (source['x-kubernetes-validations'] !== undefined) result['x-kubernetes-validations'] = source['x-kubernetes-validations'];
  if (source.items !== undefined) result.items = structural(source.items, `${path}[]`);
  if (isObject(source.properties)) {
    result.properties = Object.fromEntries(
      Object.entries(source.properties).map(([name, child]) => [name, structural(child, `${path}.${name}`)]),
    );
  }
  return result as unknown as Structural;
};
