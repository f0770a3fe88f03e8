import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { kinds, maxProperties } from '../../crds/v1alpha1/index.ts';
import { openApiSchema } from './crd.ts';
import { structural } from './structural.ts';

const convert = (schema: z.ZodType): unknown =>
  structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' }), 'Kind');

/** What the API server accepts in a structural schema, as far as we use it; anything else makes it refuse the CRD or ignore the key. */
const allowed = new Set([
  ...[
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
  ],
  ...['maxProperties', 'required', 'properties', 'additionalProperties', 'items', 'x-kubernetes-preserve-unknown-fields'],
  ...['x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type', 'x-kubernetes-validations'],
]);

/** Every schema in a schema, with its path. */
function* walk(schema: Record<string, unknown>, path: string): Generator<[string, Record<string, unknown>]> {
  yield [path, schema];
  for (const [name, child] of Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>))
    yield* walk(child, `${path}.${name}`);
  if (schema.items !== undefined) yield* walk(schema.items as Record<string, unknown>, `${path}[]`);
  if (schema.additionalProperties !== undefined) yield* walk(schema.additionalProperties as Record<string, unknown>, `${path}.*`);
}

const nodes = kinds.flatMap((kind) => [...walk(openApiSchema(kind) as unknown as Record<string, unknown>, kind.resource.kind)]);

/** The paths of the nodes for which something is wrong. */
const offenders = (wrong: (schema: Record<string, unknown>, path: string) => boolean): string[] =>
  nodes.filter(([path, schema]) => wrong(schema, path)).map(([path]) => path);

describe('the schemas of our kinds', () => {
  it('have one type everywhere and no key that a structural schema cannot have', () => {
    expect(nodes.length).toBeGreaterThan(200);
    expect(offenders((schema) => typeof schema.type !== 'string')).toEqual([]);
    expect(offenders((schema) => Object.keys(schema).some((key) => !allowed.has(key)))).toEqual([]);
  });

  it('never have additionalProperties beside properties, nor an object of which nothing is said', () => {
    expect(offenders((schema) => schema.properties !== undefined && schema.additionalProperties !== undefined)).toEqual([]);
    const said = ['properties', 'additionalProperties', 'x-kubernetes-preserve-unknown-fields'];
    expect(
      offenders((schema, path) => schema.type === 'object' && !path.endsWith('.metadata') && !said.some((key) => key in schema)),
    ).toEqual([]);
  });

  it('bound every string, list and map, as the cost of CEL rules is estimated from it', () => {
    const unbounded = ({ type, ...schema }: Record<string, unknown>): boolean =>
      (type === 'string' && schema.maxLength === undefined && schema.enum === undefined && schema.format === undefined) ||
      (type === 'array' && schema.maxItems === undefined) ||
      (schema.additionalProperties !== undefined && schema.maxProperties === undefined);
    const envelope = /^[A-Za-z]+\.(apiVersion|kind)$/; // the API server's own
    expect(offenders((schema, path) => unbounded(schema) && !envelope.test(path))).toEqual([]);
  });

  it('describe every field in sentences', () => {
    const field = /^[A-Za-z]+(\.[A-Za-z]+(\[\])?)+$/;
    const isItem = (path: string): boolean => path.endsWith('[]') || path.endsWith('.*');
    expect(
      offenders(
        (schema, path) =>
          field.test(path) && !isItem(path) && !path.endsWith('.metadata') && !/\.$/.test((schema.description as string | undefined) ?? ''),
      ),
    ).toEqual([]);
  });

  it('give every CEL rule a message of one line that says what to do', () => {
    const rules = nodes.flatMap(([path, schema]) =>
      ((schema['x-kubernetes-validations'] ?? []) as { message?: string }[]).map((rule) => ({ path, rule })),
    );
    expect(rules.length).toBeGreaterThan(20);
    for (const { path, rule } of rules) expect(rule.message, path).toMatch(/^[^\n]{20,}$/);
  });
});

describe('turning a zod schema into a structural one', () => {
  it('makes an object of unknown content one whose fields are kept', () => {
    expect(convert(z.record(z.string(), z.unknown()))).toEqual({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
  });

  it('writes the limits of integers as they were set and no others', () => {
    expect(convert(z.int().min(1).max(64))).toEqual({ type: 'integer', format: 'int32', minimum: 1, maximum: 64 });
    expect(convert(z.int())).toEqual({ type: 'integer', format: 'int64' });
  });

  it('keeps a bounded map', () => {
    expect(convert(z.record(z.string(), z.string().max(3)).meta(maxProperties(2)))).toEqual({
      type: 'object',
      maxProperties: 2,
      additionalProperties: { type: 'string', maxLength: 3 },
    });
  });

  it.each([
    ['a string without a bound', z.object({ a: z.string() }), /^Kind\.a: a string without a bound/],
    ['a list without a bound', z.object({ a: z.array(z.boolean()) }), /^Kind\.a: a list without a bound/],
    ['a map without a bound', z.object({ a: z.record(z.string(), z.boolean()) }), /^Kind\.a: a map without a bound/],
    ['a union', z.object({ a: z.union([z.boolean(), z.int()]) }), /^Kind\.a: anyOf has no place/],
    ['a value of any type', z.object({ a: z.array(z.unknown()).max(1) }), /^Kind\.a\[\]: has no single type/],
  ])('refuses %s, and says where', (_, schema, message) => {
    expect(() => convert(schema)).toThrow(message);
  });
});
