import { Document, isScalar, visit } from 'yaml';
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
export function serialize(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? `${json(value)}\n` : yaml(value);
}

const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

// JSON.stringify escapes control characters below U+0020 only; C1 controls and bidirectional overrides steer terminals too.
const json = (value: unknown): string =>
  JSON.stringify(value, null, 4).replace(steering, (char) =>
    char === '\n' ? char : Array.from({ length: char.length }, (_, i) => `\\u${hex(char.charCodeAt(i), 4)}`).join(''),
  );

/** YAML without folded lines and without anchors: what a person compares line by line. */
export function yaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  // Escapes exist in double quotes only.
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && isScalar(node) && node.value.replaceAll('\n', '').search(steering) >= 0)
        node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 }).replace(steering, (char) => {
    if (char === '\n') return char;
    const code = char.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
  });
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

/** An object as kubectl prints it: without the bookkeeping of field managers. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _bookkeeping, ...metadata } = object.metadata;
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
