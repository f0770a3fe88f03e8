import type { Kind } from '../../crds/v1alpha1/index.ts';
import { openApiSchema } from './crd.ts';
import type { Structural } from './structural.ts';

/** Text that may stand in a cell of a Markdown table. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const code = (text: string): string => `\`${text}\``;

/** The type of a field as people say it. */
const typeName = (schema: Structural): string => {
  if (schema.items) return `list of ${typeName(schema.items)}s`.replace(/ss$/, 's').replace('any JSON objects', 'JSON objects');
  if (schema.additionalProperties) return `map of ${typeName(schema.additionalProperties)}s`;
  if (schema['x-kubernetes-preserve-unknown-fields']) return 'any JSON object';
  if (schema.format === 'date-time') return 'time';
  return schema.type;
};

const range = (least: number | undefined, most: number | undefined, unit: string): string[] => {
  if (least === undefined && most === undefined) return [];
  if (most === undefined) return [`at least ${least ?? 0}${unit}`];
  if (least === undefined) return [`at most ${most}${unit}`];
  return [least === most ? `exactly ${least}${unit}` : `${least} to ${most}${unit}`];
};

/** The values that a field may have, in words. */
const bounds = (schema: Structural): string => {
  const item = schema.items ?? schema.additionalProperties;
  const unique = schema['x-kubernetes-list-type'] === 'set' ? ['no entry twice'] : [];
  const keys = schema['x-kubernetes-list-map-keys'];
  return [
    ...(schema.enum ? [schema.enum.map(code).join(', ')] : []),
    ...range(schema.minimum, schema.maximum, ''),
    ...range(schema.minLength, schema.maxLength, ' characters'),
    ...(schema.pattern === undefined ? [] : [code(schema.pattern)]),
    ...range(schema.minItems, schema.maxItems, ' entries'),
    ...range(undefined, schema.maxProperties, ' entries'),
    ...unique,
    ...(keys ? [`each with its own ${keys.map(code).join(', ')}`] : []),
    ...(item && item.type !== 'object' && item.type !== 'array' && bounds(item) !== '' ? [`each: ${bounds(item)}`] : []),
  ].join('; ');
};

/** A row for a field, and rows for the fields within it. */
const rows = (name: string, schema: Structural, required: boolean): string[] => {
  const columns = [
    code(name),
    typeName(schema),
    required ? 'yes' : '',
    schema.default === undefined ? '' : code(JSON.stringify(schema.default)),
    bounds(schema),
    schema.description ?? '',
  ];
  return [`| ${columns.map(cell).join(' | ')} |`, ...children(name, schema)];
};

const children = (name: string, schema: Structural): string[] => {
  if (schema.items) return children(`${name}[]`, schema.items);
  if (schema.additionalProperties) return children(`${name}.*`, schema.additionalProperties);
  return Object.entries(schema.properties ?? {}).flatMap(([field, child]) =>
    rows(`${name}.${field}`, child, schema.required?.includes(field) ?? false),
  );
};

/** What the API server refuses beyond types and bounds: the messages of the CEL rules, each with the field they are about. */
const rules = (name: string, schema: Structural): string[] => {
  const own = (schema['x-kubernetes-validations'] ?? []).map((rule) => `- ${code(name + (rule.fieldPath ?? ''))}: ${rule.message ?? ''}`);
  return [
    ...own,
    ...(schema.items ? rules(`${name}[]`, schema.items) : []),
    ...(schema.additionalProperties ? rules(`${name}.*`, schema.additionalProperties) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([field, child]) => rules(`${name}.${field}`, child)),
  ];
};

const header = ['| field | type | required | default | allowed | what it is |', '|---|---|---|---|---|---|'];

const fieldTable = (title: string, name: string, schema: Structural | undefined): string[] =>
  schema ? ['', `### ${title}`, '', schema.description ?? '', '', ...header, ...children(name, schema)] : [];

const section = (kind: Kind): string[] => {
  const { resource, shortNames, categories, printerColumns } = kind;
  const schema = openApiSchema(kind);
  const refused = rules('spec', schema.properties?.spec ?? { type: 'object' });
  return [
    '',
    `## ${resource.kind}`,
    '',
    kind.description,
    '',
    `- apiVersion ${code(`${resource.group}/${resource.version}`)}, ${resource.namespaced ? 'in a namespace' : 'cluster-scoped'}`,
    `- ${code(`kubectl get ${resource.plural}`)}, for short ${shortNames.map(code).join(', ')}; in the category ${categories.map(code).join(', ')}`,
    `- columns: ${printerColumns.map((column) => column.name + (column.priority ? ' (with `-o wide`)' : '')).join(', ')}`,
    ...fieldTable(`${resource.kind} spec`, 'spec', schema.properties?.spec),
    ...(refused.length > 0 ? ['', 'The API server refuses, whatever wrote it:', '', ...refused] : []),
    ...fieldTable(`${resource.kind} status`, 'status', schema.properties?.status),
  ];
};

/** The API reference, as Markdown. */
export const reference = (kinds: readonly Kind[]): string =>
  [
    '<!-- Written by hack/generate.ts from crds/v1alpha1. Change it there, then run: make generate -->',
    '',
    '# API reference',
    '',
    'Every kind of the group `countersign.dev`, version `v1alpha1`, and every field. The API server enforces types, bounds and rules by itself, with none of our processes running.',
    '',
    'A `[]` in a field name stands for each entry of a list, a `.*` for each value of a map. Durations are numbers with a unit, `d`, `h`, `m` or `s`, put together if need be: `48h`, `1d12h`.',
    '',
    ...kinds.map(({ resource }) => `- [${resource.kind}](#${resource.kind.toLowerCase()})`),
    ...kinds.flatMap(section),
    '',
  ].join('\n');
