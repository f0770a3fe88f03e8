import { parseAllDocuments } from 'yaml';
import { RefusedError } from '../errors.ts';
import { oneLine } from '../../operator/core/printable.ts';

/** An object that somebody wrote, before any API server has seen it. */
export interface Manifest {
  /** Where it was written: `wire.yaml, document 2`. */
  readonly source: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
  /** All of it, as it was written. */
  readonly object: Readonly<Record<string, unknown>>;
}

/** Reads YAML or JSON, one object or several, lists included. @throws RefusedError that says where what is wrong. */
export function manifestsIn(text: string, file: string): Manifest[] {
  const documents = parseAllDocuments(text, { schema: 'yaml-1.1', uniqueKeys: true });
  const values = Array.from(documents).flatMap((document, i) => {
    const source = documents.length === 1 ? file : `${file}, document ${i + 1}`;
    const [error] = document.errors;
    if (error !== undefined) throw new RefusedError(`${source}: ${oneLine(error.message.split('\n')[0] ?? error.message)}`, 'NoManifest');
    const value: unknown = document.toJS();
    return value === null || value === undefined ? [] : itemsOf(value, source);
  });
  if (values.length === 0) throw new RefusedError(`${file}: there is no object in it; expected a manifest in YAML or JSON.`, 'NoManifest');
  return values.map(({ value, source }) => manifestOf(value, source));
}

interface Item {
  readonly value: unknown;
  readonly source: string;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `kubectl get -o yaml` writes several objects as one List. */
function itemsOf(value: unknown, source: string): Item[] {
  if (!isRecord(value) || value['kind'] !== 'List' || !Array.isArray(value['items'])) return [{ value, source }];
  return value['items'].map((item: unknown, i) => ({ value: item, source: `${source}, item ${i + 1}` }));
}

function manifestOf(value: unknown, source: string): Manifest {
  const wrong = (what: string): never => {
    throw new RefusedError(`${source}: ${what}`, 'NoManifest');
  };
  if (!isRecord(value))
    return wrong(`is no object but ${JSON.stringify(value).slice(0, 40)}; expected apiVersion, kind, metadata and spec.`);
  const { apiVersion, kind, metadata = {}, spec = {} } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string')
    return wrong('apiVersion or kind is missing; expected for example apiVersion: batch/v1, kind: Job.');
  if (!isRecord(metadata)) return wrong('metadata is no object.');
  if (!isRecord(spec)) return wrong('spec is no object.');
  if (metadata['name'] === undefined && metadata['generateName'] === undefined) return wrong('metadata.name is missing.');
  for (const field of ['name', 'generateName', 'namespace'] as const) {
    const of = metadata[field];
    if (of !== undefined && typeof of !== 'string')
      return wrong(`metadata.${field} is ${JSON.stringify(of)}; expected a string (in quotes, if it looks like a number).`);
  }
  for (const field of ['labels', 'annotations'] as const) {
    const of = metadata[field];
    const bad =
      of === undefined || of === null ? undefined : isRecord(of) ? Object.entries(of).find(([, v]) => typeof v !== 'string')?.[0] : '';
    if (bad !== undefined) return wrong(`metadata.${field}${bad === '' ? '' : `["${oneLine(bad)}"]`} is no string; write it in quotes.`);
  }
  return { source, apiVersion, kind, metadata, spec, object: value };
}
