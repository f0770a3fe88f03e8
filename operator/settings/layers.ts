import { readFileSync } from 'node:fs';
import { parseArgs, parseEnv } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { CountersignError } from '../core/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
type Given = Record<string, unknown>;

/** Where settings come from. What comes first wins. */
export interface Sources {
  /** Command-line flags: `--log-level=debug`. */
  readonly args?: readonly string[];
  readonly environment: Environment;
  /** A file of lines such as COUNTERSIGN_LOG_LEVEL=debug, read if it is there. */
  readonly dotEnv?: string;
}

const prefix = 'COUNTERSIGN_';
const fileSuffix = '_file';

export const variableOf = (setting: string): string => prefix + setting.toUpperCase();

/**
 * What is given for each setting: by flags, then environment variables, then the .env file, then the YAML file that `COUNTERSIGN_CONFIG` names. In each of
 * the first three a setting's name with `_FILE` names a file whose content is its value, as secrets are mounted.
 * @throws CountersignError `InvalidConfiguration`
 */
export function gatherSettings(known: readonly string[], { args = [], environment, dotEnv }: Sources): Given {
  const { config, ...given } = [fromDotEnv(dotEnv), fromEnvironment(environment), fromFlags(args, known)]
    .map((layer) => withFiles(layer, known))
    .reduce((lower, upper) => ({ ...lower, ...upper }));
  return { ...fromYaml(config as string | undefined), ...given };
}

function fromEnvironment(environment: Environment): Given {
  const ours = Object.entries(environment).filter(([name, value]) => name.startsWith(prefix) && value !== undefined && value !== '');
  return Object.fromEntries(ours.map(([name, value]) => [name.slice(prefix.length).toLowerCase(), value]));
}

function fromDotEnv(path: string | undefined): Given {
  if (path === undefined) return {};
  try {
    return fromEnvironment(parseEnv(readFileSync(path, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw wrong(`The file ${path} cannot be read: ${String(cause)}`, cause);
  }
}

function fromFlags(args: readonly string[], known: readonly string[]): Given {
  const names = [...known, ...known.map((name) => name + fileSuffix), 'config'];
  const options = Object.fromEntries(names.map((name) => [name.replaceAll('_', '-'), { type: 'string' }] as const));
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false });
    return Object.fromEntries(Object.entries(values).map(([flag, value]) => [flag.replaceAll('-', '_'), value]));
  } catch (cause) {
    throw wrong(`${cause instanceof Error ? cause.message : String(cause)} Expected flags such as --log-level=debug.`, cause);
  }
}

/** Replaces what names a file by what is in it. */
function withFiles(layer: Given, known: readonly string[]): Given {
  const read = (name: string, value: unknown): [string, unknown] => {
    const setting = name.slice(0, -fileSuffix.length);
    if (!name.endsWith(fileSuffix) || !known.includes(setting)) return [name, value];
    if (setting in layer) throw wrong(`${variableOf(setting)} and ${variableOf(name)} are both set; expected one of them.`);
    return [setting, contentOf(variableOf(name), value as string)];
  };
  return Object.fromEntries(Object.entries(layer).map(([name, value]) => read(name, value)));
}

function contentOf(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch (cause) {
    throw wrong(`${variable} is "${path}", which cannot be read: ${String(cause)}`, cause);
  }
}

function fromYaml(path: string | undefined): Given {
  if (path === undefined || path === '') return {};
  let parsed: unknown;
  try {
    parsed = parseYaml(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw wrong(`${prefix}CONFIG is "${path}", which cannot be read as YAML: ${String(cause)}`, cause);
  }
  if (parsed === null || parsed === undefined) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed))
    throw wrong(`${prefix}CONFIG is "${path}", whose content is no mapping; expected lines such as log_level: info.`);
  return parsed as Given;
}

const wrong = (message: string, cause?: unknown): CountersignError => new CountersignError('InvalidConfiguration', message, { cause });
