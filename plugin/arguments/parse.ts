import { parseArgs } from 'node:util';
import { UsageError } from '../errors.ts';
import { flags, knows, verbs, type FlagName, type Verb } from './flags.ts';
import { nearest } from './suggest.ts';

/** A command line, understood. Flags that were not given are absent. */
export interface Arguments {
  readonly verb: Verb;
  readonly names: readonly string[];
  readonly flags: Flags;
}

export type Flags = { readonly [Name in FlagName]?: FlagValue<(typeof flags)[Name]> };
type FlagValue<F> = F extends { multiple: true } ? readonly string[] : F extends { type: 'boolean' } ? boolean : string;

const isVerb = (word: string): word is Verb => (verbs as readonly string[]).includes(word);
const isFlag = (name: string): name is FlagName => Object.hasOwn(flags, name);
const spelt = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

/**
 * Reads a command line. The first word that is no flag is the verb if there is a verb of that name; otherwise everything is a name to approve. An
 * object that is called like a verb is reached as `areq/NAME`.
 * @throws UsageError saying which word is wrong, and which was probably meant.
 */
export function parse(argv: readonly string[]): Arguments {
  const { tokens, values, positionals } = tokenize(argv);
  for (const token of tokens) if (token.kind === 'option') checkFlag(token.name, token.rawName);
  const [first, ...rest] = positionals;
  const explicit = first !== undefined && isVerb(first) ? first : undefined;
  const verb = explicit ?? 'approve';
  for (const name of Object.keys(values)) {
    if (isFlag(name) && !knows(verb, name)) throw new UsageError(`--${name} is not a flag of ${phrase(explicit)}.`);
  }
  return { verb, names: explicit === undefined ? positionals : rest, flags: values };
}

const phrase = (verb: Verb | undefined): string => (verb === undefined ? '"kubectl approve NAME…"' : `"kubectl approve ${verb}"`);

function tokenize(argv: readonly string[]) {
  try {
    // `strict` would stop at the first unknown flag with a message of its own; the flags are checked here instead.
    const options = Object.fromEntries(
      Object.entries(flags).map(([name, { type, ...more }]) => [
        name,
        { type, ...('short' in more ? { short: more.short } : {}), ...('multiple' in more ? { multiple: true } : {}) },
      ]),
    );
    const lenient = parseArgs({ args: [...argv], options, allowPositionals: true, strict: false, tokens: true });
    for (const token of lenient.tokens) if (token.kind === 'option') checkFlag(token.name, token.rawName);
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true, tokens: true });
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(plain(cause));
  }
}

/** Node's sentences, of which only the first says what is wrong. */
const plain = (cause: unknown): string => {
  const text = cause instanceof Error ? cause.message : String(cause);
  return (text.split(/(?<=\.)\s|\n/)[0] ?? text).replace(/\.?$/, '.');
};

function checkFlag(name: string, rawName: string): void {
  if (isFlag(name) || Object.values(flags).some((flag) => 'short' in flag && flag.short === name)) return;
  const meant = nearest(name, Object.keys(flags));
  throw new UsageError(`Unknown flag ${rawName}${meant === undefined ? '.' : `; did you mean ${spelt(meant)}?`}`);
}
