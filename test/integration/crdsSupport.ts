import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { kinds, type Resource } from '../../crds/v1alpha1/index.ts';
import { ApiError } from '../../operator/kube/client/apiError.ts';

/** Any object of the API, as tests read and change it. */
export type Manifest = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

const samplesFolder = join(import.meta.dirname, '..', '..', 'config', 'samples');

/** The files in config/samples. */
export const sampleFiles = (): string[] => readdirSync(samplesFolder).filter((name) => name.endsWith('.yaml'));

/** A sample, changed if need be, for the namespace of the test. */
export const sample = (file: string, namespace: string, change: (object: Manifest) => unknown = () => undefined): Manifest => {
  const object = parse(readFileSync(join(samplesFolder, file), 'utf8')) as Manifest;
  if (resourceOf(object).namespaced) object.metadata.namespace = namespace;
  change(object);
  return object;
};

/** Where objects like this one live in the API. */
export const resourceOf = (object: Manifest): Resource => {
  const found = kinds.find((kind) => kind.resource.kind === object.kind);
  if (!found) throw new Error(`kind is ${String(object.kind)}; expected one of ${kinds.map((kind) => kind.resource.kind).join(', ')}`);
  return found.resource;
};

/** What the API server said against something: each field with its sentence. Fails when it said nothing. */
export const refusals = async (write: Promise<unknown>): Promise<string[]> => {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 422) throw error;
    // A rule that cannot be evaluated refuses everything, and quotes its own message while doing so.
    if (error.message.includes('internal error')) throw error;
    return (error.details.causes ?? []).map((cause) => `${cause.field ?? '?'}: ${cause.message ?? '?'}`);
  }
  return ['nothing was refused'];
};
