import { z } from 'zod';
import { Settings } from '../../operator/config.ts';

/** What a setting may be, as the JSON schema of its input says it. */
interface InputSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly description?: string;
}

const code = (text: string): string => `\`${text}\``;

const isDuration = (schema: InputSchema): boolean => schema.pattern?.includes('[dhms]') === true;

function allowed(schema: InputSchema): string {
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  if (isDuration(schema)) return 'a duration, such as `36h` or `30d`';
  if (schema.minimum !== undefined && schema.maximum !== undefined) return `${schema.minimum} to ${schema.maximum}`;
  return schema.pattern?.includes('https') === true ? 'an https address' : 'text';
}

/** The default as one would write it; the parsed settings hold durations in milliseconds. */
function written(value: unknown, schema: InputSchema): string {
  if (value === undefined) return '';
  if (isDuration(schema) && typeof value === 'number') {
    const hours = value / 3_600_000;
    return code(hours % 24 === 0 ? `${hours / 24}d` : `${hours}h`);
  }
  return code(Array.isArray(value) ? value.join(',') : `${value as string | number}`);
}

/** The reference of all settings, as Markdown. */
export function configuration(): string {
  const { properties = {}, required = [] } = z.toJSONSchema(Settings, { io: 'input', unrepresentable: 'any' });
  const needed = Object.fromEntries(required.map((name) => [name, 'any']));
  const defaults = Settings.parse(needed) as Readonly<Record<string, unknown>>;
  const rows = Object.entries(properties).map(([name, property]) => {
    const schema = property as InputSchema;
    const fallback = required.includes(name) ? 'must be set' : written(defaults[name], schema);
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
