import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, delimiter, isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { CountersignError } from '../../core/errors.ts';

/** A cluster entry, as the file spells it. */
export interface ClusterEntry {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
  'proxy-url'?: string;
  extensions?: { name?: string; extension?: unknown }[];
}

/** What a credential plugin may be told of the cluster. */
export interface ClusterFacts {
  readonly cluster: ClusterEntry;
  readonly server: string;
  readonly ca: string | undefined;
  readonly insecure: boolean;
}

/** How to run a credential plugin. */
export interface ExecEntry {
  apiVersion?: string;
  command?: string;
  args?: string[];
  env?: { name: string; value: string }[];
  installHint?: string;
  provideClusterInfo?: boolean;
  interactiveMode?: string;
}

/** A user entry, as the file spells it. */
export interface UserEntry {
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
  'as-user-extra'?: Record<string, string[]>;
  exec?: ExecEntry;
  'auth-provider'?: { name?: string; config?: Record<string, string> };
}

export interface ContextEntry {
  cluster?: string;
  user?: string;
  namespace?: string;
}

/** Several files as one: the first that says something wins, an entry is never mixed from two. */
export interface Kubeconfig {
  currentContext: string | undefined;
  clusters: Map<string, ClusterEntry>;
  users: Map<string, UserEntry>;
  contexts: Map<string, ContextEntry>;
  /** Which file a user's entry is in, for writing a refreshed token back. */
  userFiles: Map<string, string>;
  /** The files that were there. */
  files: string[];
}

/** A kubeconfig that cannot be used; the message names file and field. */
export class KubeconfigError extends CountersignError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('KubeconfigError', message, options);
    this.name = 'KubeconfigError';
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where client-go looks: --kubeconfig alone, else the list in KUBECONFIG, else ~/.kube/config. */
export function kubeconfigPaths(explicit: string | undefined, env: Environment): { paths: string[]; mustExist: boolean } {
  if (explicit !== undefined && explicit !== '') return { paths: [explicit], mustExist: true };
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) return { paths: [...new Set(listed)], mustExist: false };
  return { paths: [join(env['HOME'] ?? homedir(), '.kube', 'config')], mustExist: false };
}

/** Reads and merges. Files of a list may be missing, as in client-go. */
export function readKubeconfig(explicit: string | undefined, env: Environment): Kubeconfig {
  const { paths, mustExist } = kubeconfigPaths(explicit, env);
  const merged: Kubeconfig = {
    currentContext: undefined,
    clusters: new Map(),
    users: new Map(),
    contexts: new Map(),
    userFiles: new Map(),
    files: [],
  };
  for (const path of paths) {
    const text = readIfThere(path, mustExist);
    if (text !== undefined) mergeFile(merged, path, text);
  }
  return merged;
}

function readIfThere(path: string, mustExist: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!mustExist && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new KubeconfigError(`kubeconfig ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function mergeFile(merged: Kubeconfig, path: string, text: string): void {
  const file = parseFile(path, text);
  merged.files.push(path);
  const current = file['current-context'];
  if (merged.currentContext === undefined && typeof current === 'string' && current !== '') merged.currentContext = current;
  const folder = dirname(resolve(path));
  for (const [name, entry] of entriesOf<ClusterEntry>(path, file, 'clusters', 'cluster')) {
    if (!merged.clusters.has(name)) merged.clusters.set(name, withPaths(entry, folder, ['certificate-authority']));
  }
  for (const [name, entry] of entriesOf<UserEntry>(path, file, 'users', 'user')) {
    if (merged.users.has(name)) continue;
    const user = withPaths(entry, folder, ['client-certificate', 'client-key', 'tokenFile']);
    if (user.exec?.command?.includes('/') === true) user.exec = withPaths(user.exec, folder, ['command']);
    merged.users.set(name, user);
    merged.userFiles.set(name, path);
  }
  for (const [name, entry] of entriesOf<ContextEntry>(path, file, 'contexts', 'context')) {
    if (!merged.contexts.has(name)) merged.contexts.set(name, entry);
  }
}

function parseFile(path: string, text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = parse(text, { merge: true }) ?? {};
  } catch (error) {
    throw new KubeconfigError(`kubeconfig ${path} is not YAML: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(parsed)) throw new KubeconfigError(`kubeconfig ${path}: expected an object with clusters, users and contexts`);
  return parsed;
}

function entriesOf<E extends object>(path: string, file: Record<string, unknown>, list: string, field: string): [string, E][] {
  const items = file[list] ?? [];
  if (!Array.isArray(items)) throw new KubeconfigError(`kubeconfig ${path}: ${list}: expected a list`);
  return items.map((item: unknown, index) => {
    if (!isObject(item) || typeof item['name'] !== 'string') {
      throw new KubeconfigError(`kubeconfig ${path}: ${list}[${index}].name: expected a name`);
    }
    const entry = item[field] ?? {};
    if (!isObject(entry)) throw new KubeconfigError(`kubeconfig ${path}: ${list}[${index}].${field}: expected an object`);
    return [item['name'], entry as E];
  });
}

/** Relative paths in a kubeconfig are relative to its folder. */
function withPaths<E extends object>(entry: E, folder: string, fields: readonly (keyof E)[]): E {
  const resolved = { ...entry };
  for (const field of fields) {
    const value = resolved[field];
    if (typeof value === 'string' && value !== '' && !isAbsolute(value)) resolved[field] = join(folder, value) as E[typeof field];
  }
  return resolved;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
