import { verbs, type Verb } from './arguments/flags.ts';
import { parse, type Arguments } from './arguments/parse.ts';
import { nearest } from './arguments/suggest.ts';
import { CountersignError } from '../operator/core/errors.ts';
import { exitCode, TimedOutError, UsageError } from './errors.ts';
import type { Io } from './io.ts';

type Run = (args: Arguments, io: Io) => Promise<number>;

// Each verb is loaded when it is used: what help needs must not wait for what describe needs.
const runs: Readonly<Record<Verb, () => Promise<Run>>> = {
  approve: async () => (await import('./verbs/approve.ts')).approve,
  comment: async () => (await import('./verbs/comment.ts')).comment,
  list: async () => (await import('./verbs/list.ts')).list,
  watch: async () => (await import('./verbs/watch.ts')).watch,
  describe: async () => (await import('./verbs/describe.ts')).describe,
  why: async () => (await import('./verbs/why.ts')).why,
  wait: async () => (await import('./verbs/wait.ts')).wait,
  override: async () => (await import('./verbs/override.ts')).override,
  review: async () => (await import('./verbs/review.ts')).review,
  reassign: async () => (await import('./verbs/reassign.ts')).reassign,
  revoke: async () => (await import('./verbs/revoke.ts')).revoke,
  simulate: async () => (await import('./verbs/simulate.ts')).simulate,
  audit: async () => (await import('./verbs/audit.ts')).audit,
  bypass: async () => (await import('./verbs/bypass.ts')).bypass,
  completion: async () => (await import('./verbs/completion.ts')).completion,
  version: async () => (await import('./verbs/version.ts')).version,
  help: async () => (await import('./verbs/help.ts')).help,
};

/** Runs one command line and says how the process should end. Never throws. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    if (argv[0] === '__complete') return await (await import('./verbs/complete.ts')).complete(argv.slice(1), io);
    if (argv.length === 0) {
      io.err((await import('./verbs/help.ts')).overview());
      return exitCode.usage;
    }
    return await runParsed(parse(argv), io);
  } catch (error) {
    return await failed(error, argv, io);
  }
}

async function runParsed(args: Arguments, io: Io): Promise<number> {
  if (args.flags.help === true) {
    const { helpOf, overview } = await import('./verbs/help.ts');
    io.out(args.verb === 'approve' && args.names.length === 0 ? `${overview()}\n${helpOf('approve')}` : helpOf(args.verb));
    return exitCode.done;
  }
  return (await runs[args.verb]())(args, io);
}

async function failed(error: unknown, argv: readonly string[], io: Io): Promise<number> {
  const { errorText } = await import('./cluster/refusal.ts');
  const verb = misspeltVerb(error, argv);
  io.err(`error: ${errorText(error)}\n`);
  if (verb !== undefined) io.err(`Or did you mean "kubectl approve ${verb}"?\n`);
  if (error instanceof UsageError) io.err('"kubectl approve help" says how it is used.\n');
  if (error instanceof UsageError || verb !== undefined) return exitCode.usage;
  return error instanceof TimedOutError ? exitCode.timedOut : exitCode.refused;
}

/** A name that does not exist and is nearly a verb was meant as one. */
function misspeltVerb(error: unknown, argv: readonly string[]): string | undefined {
  if (!(error instanceof CountersignError) || error.code !== 'NoRequest') return undefined;
  const { verb, names } = parse(argv);
  const [first] = names;
  if (first === undefined || verb !== 'approve') return undefined;
  return first === 'reject' ? '--reject' : nearest(first, verbs);
}
