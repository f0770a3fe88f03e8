import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readSettings, Settings } from '../../operator/config.ts';

const chart = join(import.meta.dirname, '../../charts/countersign');
const read = (path: string): string => readFileSync(join(chart, path), 'utf8');

const template = /define "countersign\.config" -\}\}\n(.*?)\n\{\{- end -\}\}\n*$/s.exec(read('templates/_pod.tpl'))?.[1] ?? '';
const values: unknown = parse(read('values.yaml'));
const valuesSchema: unknown = JSON.parse(read('values.schema.json'));

/** What is at a path such as requests.retention. */
const at = (object: unknown, path: readonly string[]): unknown =>
  path.reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], object);

/** The settings that the chart makes of values as they are, each with the path of its value. */
const made = [
  ...template.matchAll(/^(COUNTERSIGN_[A-Z_]+): \{\{ \.Values\.([A-Za-z.]+) (?:\| int )?\| quote \}\}$/gm),
  ...[...template.matchAll(/^\{\{- with \.Values\.([A-Za-z.]+) \}\}\n(COUNTERSIGN_[A-Z_]+): /gm)].map(([all, path, name]) => [
    all,
    name,
    path,
  ]),
].map(([, variable = '', path = '']) => ({ variable, path, keys: path.split('.') }));

const needed = { COUNTERSIGN_NAMESPACE: 'countersign-system', COUNTERSIGN_POD_NAME: 'countersign-0' };

const ranges = Object.entries(z.toJSONSchema(Settings, { io: 'input', unrepresentable: 'any' }).properties ?? {}).flatMap(
  ([name, property]) => {
    const { minimum, maximum } = property as { minimum?: number; maximum?: number };
    const found = made.find(({ variable }) => variable === `COUNTERSIGN_${name.toUpperCase()}`);
    return found === undefined || minimum === undefined ? [] : [{ ...found, range: { minimum, maximum } }];
  },
);

describe('what the chart sets', () => {
  it('is known here, but for what depends on the cluster or is fixed', () => {
    const all = [...template.matchAll(/COUNTERSIGN_[A-Z_]+/g)].map(([name]) => name);
    expect(all.filter((name) => !made.some(({ variable }) => variable === name))).toEqual([
      'COUNTERSIGN_HEALTH_PORT',
      'COUNTERSIGN_ADMISSION_PORT',
      'COUNTERSIGN_HOLD_MODE',
      'COUNTERSIGN_CERT_DIR',
      'COUNTERSIGN_CERT_SECRET',
    ]);
    expect(ranges.map(({ path }) => path)).toContain('requests.retentionPerNamespace');
  });

  it.each(made)('is the default of $variable unless the value $path says otherwise', ({ variable, keys }) => {
    const value = at(values, keys);
    expect(value).toBeDefined();
    expect(readSettings({ ...needed, [variable]: [value].flat().join(',') })).toEqual(readSettings(needed));
  });

  it.each(ranges)('may be what $variable may be: $path', ({ keys, range }) => {
    expect(
      at(
        valuesSchema,
        keys.flatMap((key) => ['properties', key]),
      ),
    ).toMatchObject(range);
  });
});
