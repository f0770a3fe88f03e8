import type { KubeObject } from '../../operator/kube/client/types.ts';
import { UsageError } from '../errors.ts';
import { nearest } from '../arguments/suggest.ts';

export const formats = ['json', 'yaml', 'wide', 'name'] as const;
export type Format = (typeof formats)[number];

/** Reads `-o`. @throws UsageError for a format that the verb does not know. */
export function formatOf(text: string | undefined, allowed: readonly Format[]): Format | undefined {
  if (text === undefined) return undefined;
  const found = allowed.find((format) => format === text);
  if (found !== undefined) return found;
  const meant = nearest(text, allowed);
  throw new UsageError(
    `-o ${text} is not known here; expected ${allowed.join(', ')}${meant === undefined ? '.' : `; did you mean ${meant}?`}`,
  );
}

/** A value as JSON or YAML. Characters that steer a terminal are escaped in both, which changes nothing for a program that reads them. */
export async function serialize(value: unknown, format: 'json' | 'yaml'): Promise<string> {
  // Loaded when it is asked for: most commands print none.
  return format === 'json' ? `${json(value)}\n` : (await import('./yaml.ts')).yaml(value);
}

/** A value as JSON on one line of its own, for streams. */
export const jsonLine = (value: unknown): string => `${json(value, 0)}\n`;

// JSON.stringify escapes control characters below U+0020 only; C1 controls and bidirectional overrides steer terminals too.
const json = (value: unknown, indent = 4): string =>
  JSON.stringify(value, null, indent).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    char === '\n' ? char : Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );

/** An object as kubectl prints it: without the bookkeeping of field managers. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  const metadata = { ...object.metadata };
  delete metadata.managedFields;
  return { ...object, metadata };
}

/** Several objects as kubectl prints them. */
export const listOf = (objects: readonly KubeObject[]) => ({
  apiVersion: 'v1',
  kind: 'List',
  metadata: { resourceVersion: '' },
  items: objects.map(withoutManagedFields),
});

/** `approvalrequest.countersign.dev/NAME`, as `-o name` prints it. */
export const requestName = (name: string): string => `approvalrequest.countersign.dev/${name}`;
