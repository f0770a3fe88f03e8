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
    'Each is looked for in this order, and the first that has it wins: a flag (`--log-level=debug` for `COUNTERSIGN_LOG_LEVEL`), the environment variable, the same variable in a file',
    '`.env` of the folder where the process was started, the YAML file that `COUNTERSIGN_CONFIG` names (`log_level: debug`), the default. In the first three, the name with `_FILE`',
    '(`COUNTERSIGN_APPROVALS_STORE_FILE`) names a file that holds the value, as Secrets are mounted. All are checked before anything is started.',
    '',
    '| variable | default | allowed | what it is |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n')}\n`;
}
