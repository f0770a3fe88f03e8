import { z } from 'zod';
import { Settings } from '../../operator/config.ts';

/** What a setting may be, as the JSON schema of its input says it: its default as one would write it. */
interface InputSchema {
  readonly enum?: readonly string[];
  /** What is allowed, in words. */
  readonly title?: string;
  readonly default?: string | number;
  readonly description?: string;
}

const code = (text: string): string => `\`${text}\``;

const allowed = (schema: InputSchema): string => schema.enum?.map(code).join(', ') ?? schema.title ?? 'text';

/** An empty default is none. */
const written = (fallback: InputSchema['default'] = ''): string => (fallback === '' ? '' : code(`${fallback}`));

/** The reference of all settings, as Markdown. */
export function configuration(): string {
  const { properties = {}, required = [] } = z.toJSONSchema(Settings, { io: 'input', unrepresentable: 'any' });
  const rows = Object.entries(properties).map(([name, property]) => {
    const schema = property as InputSchema;
    const fallback = required.includes(name) ? 'must be set' : written(schema.default);
    return `| ${code(`COUNTERSIGN_${name.toUpperCase()}`)} | ${fallback} | ${allowed(schema)} | ${schema.description ?? ''} |`;
  });
  return `${[
    '<!-- Written by hack/generate.ts from operator/config.ts. Change it there, then run: make generate -->',
    '',
    '# Settings of the processes',
    '',
    'The chart sets them from its values; see [configuration](../concepts/configuration.md).',
    '',
    '| variable | default | allowed | what it is |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n')}\n`;
}
