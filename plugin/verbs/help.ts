import { flags, knows, kubectlFlags, ownFlags, type Flag, type FlagName, type Verb } from '../arguments/flags.ts';
import { exitCode, UsageError } from '../errors.ts';
import { nearest } from '../arguments/suggest.ts';
import { verbs } from '../arguments/flags.ts';
import type { Arguments } from '../arguments/parse.ts';
import type { Io } from '../io.ts';

interface Usage {
  readonly synopsis: readonly string[];
  readonly about: string;
}

const usages: Readonly<Record<Verb, Usage>> = {
  approve: {
    synopsis: ['NAME… [-m REASON] [--ticket TICKET]', '--reject NAME… [-m REASON] [--ticket TICKET]'],
    about:
      'Approves, or rejects, in one decision: all of the requests or none. What is sent is what was shown: name, uid and digest. Before an approval is sent, the digest is computed anew from what is stored, and must be the same.',
  },
  comment: { synopsis: ['comment NAME… -m WORDS'], about: 'Says something about a request that counts for nothing.' },
  list: {
    synopsis: ['list [--mine] [--all] [-A] [-o wide]'],
    about: 'Lists the requests that are open; with --mine those that wait for your vote.',
  },
  describe: {
    synopsis: ['describe NAME…'],
    about: 'Shows what would run, what the digest does not cover, how it differs from the last approved run, and who said what when.',
  },
  why: { synopsis: ['why NAME'], about: 'Says which votes are missing, who can give them, and until when.' },
  wait: {
    synopsis: ['wait NAME… [--for=approved|settled|completed] [--timeout DURATION]'],
    about: 'Waits until it is decided. The exit code is the outcome; a refusal ends every wait.',
  },
  completion: {
    synopsis: ['completion bash|zsh|fish|kubectl'],
    about: 'Prints a completion script for kubectl-approve; "kubectl" prints the program by which kubectl completes "kubectl approve".',
  },
  version: { synopsis: ['version'], about: 'Says which version this is.' },
  help: { synopsis: ['help [VERB]'], about: 'Says how it is used.' },
};

const epilogue = `NAME is an ApprovalRequest, or a Job or GovernedJob that is held; areq/NAME, job/NAME and gjob/NAME say which.

Exit codes: 0 approved or done, 1 refused or rejected, 2 wrong usage, 3 timed out.
`;

/** `kubectl approve help [VERB]`. */
export function help({ names }: Arguments, io: Io): Promise<number> {
  const [name, ...rest] = names;
  const verb = verbs.find((v) => v === name);
  if (rest.length > 0 || (name !== undefined && verb === undefined)) {
    const meant = nearest(name ?? '', verbs);
    throw new UsageError(`There is no help about "${names.join(' ')}"${meant === undefined ? '.' : `; did you mean ${meant}?`}`);
  }
  io.out(verb === undefined ? overview() : helpOf(verb));
  return Promise.resolve(exitCode.done);
}

/** The help that is shown for no verb in particular. */
export function overview(): string {
  const lines = verbs.flatMap((verb) => usages[verb].synopsis.map((s) => `  kubectl approve ${s}\n`)).join('');
  return `Decides on requests of Countersign, and shows what they are about.\n\nUsage:\n${lines}\n${epilogue}\n"kubectl approve VERB --help" says more; kubectl's flags for context, namespace and user work everywhere.\n`;
}

/** The help of one verb, with its flags. */
export function helpOf(verb: Verb): string {
  const { synopsis, about } = usages[verb];
  const usage = synopsis.map((s) => `  kubectl approve ${s}\n`).join('');
  const section = (title: string, lines: string): string => (lines === '' ? '' : `\n${title}:\n${lines}`);
  return `${about}\n\nUsage:\n${usage}${section('Flags', flagLines(ownFlags, verb))}${section("kubectl's flags", flagLines(kubectlFlags, verb))}\n${epilogue}`;
}

function flagLines(some: Readonly<Record<string, Flag>>, verb: Verb): string {
  const names = Object.keys(some).filter((name): name is FlagName => name in flags && knows(verb, name as FlagName));
  const spelt = names.map((name) => {
    const flag: Flag = flags[name];
    return `${flag.short === undefined ? '   ' : `-${flag.short},`} --${name}${flag.value === undefined ? '' : ` ${flag.value}`}`;
  });
  const width = Math.max(0, ...spelt.map((s) => s.length));
  return names.map((name, i) => `  ${(spelt[i] ?? '').padEnd(width)}   ${flags[name].help}\n`).join('');
}
