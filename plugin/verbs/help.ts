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
    synopsis: [
      'NAME… [-m REASON] [--ticket TICKET] [--answer NAME=VALUE]… [--standing RUNS/DURATION]',
      '--reject NAME… [-m REASON] [--ticket TICKET]',
      '[--reject] -l SELECTOR | --operation OPERATION [-A] [--yes]',
    ],
    about:
      'Approves, or rejects, in one decision: all of the requests or none. What is sent is what was shown: name, uid and digest. Before an approval is sent, the digest is computed anew from what is stored, and must be the same.\n\nWith -l or --operation it is everything that fits and waits for your vote: a table says what each would run and what is unusual about it, and nothing is sent before you have typed how many they are (or said --yes).',
  },
  comment: { synopsis: ['comment NAME… -m WORDS'], about: 'Says something about a request that counts for nothing.' },
  list: {
    synopsis: ['list [--mine] [--all] [-A] [-o wide]'],
    about: 'Lists the requests that are open; with --mine those that wait for your vote, also in the stead of others.',
  },
  watch: {
    synopsis: ['watch [-A] [-o json]'],
    about: 'Shows what is open, and every change of it as it happens, until it is interrupted.',
  },
  describe: {
    synopsis: ['describe NAME…'],
    about:
      'Shows what would run, what the digest does not cover, how it differs from the last approved run, its risk, and who said what when.',
  },
  why: {
    synopsis: ['why NAME'],
    about:
      'Says which votes are missing, who can give them (also in the stead of others), what was wrong with those that do not count, the next deadline, and before when nothing is let go.',
  },
  wait: {
    synopsis: ['wait NAME… [--for=approved|settled|completed] [--timeout DURATION]'],
    about: 'Waits until it is decided. The exit code is the outcome; a refusal ends every wait.',
  },
  override: {
    synopsis: ['override NAME… --ticket TICKET -m REASON'],
    about:
      'For emergencies: lets work run at once, whatever the policies ask. It takes two people with the verb override on approvalrequests, and is owed a review.',
  },
  review: {
    synopsis: ['review NAME… -m WORDS'],
    about: 'Says that you have looked at an override afterwards. Until somebody has, whoever overrode may not do so again.',
  },
  reassign: {
    synopsis: ['reassign NAME… --stage STAGE --from USER --to USER [-m REASON]'],
    about:
      'Has somebody else asked in place of a user who is gone: their manager, or whom the policy allows (reassignTo). It takes the verb reassign on approvalrequests.',
  },
  revoke: {
    synopsis: ['revoke NAME… [-m REASON]'],
    about: 'Ends a standing approval: further runs ask again. NAME is the request that was approved with --standing.',
  },
  simulate: {
    synopsis: ['simulate -f FILE|- [-f FILE]…', 'simulate --policy FILE|- [-A]'],
    about:
      'Says what the policies would ask of a manifest (Job, CronJob, GovernedJob or ApprovalRequest), creating nothing. With --policy, which open requests a new or changed policy would change, and how.',
  },
  audit: {
    synopsis: ['audit [-A] [-o wide]'],
    about: 'Lists the Jobs that policies with enforcement: Audit would have held, and whom they would have asked.',
  },
  bypass: {
    synopsis: ['bypass [--all]'],
    about:
      "Says who could evade the gate, by the cluster's RBAC, which namespaces nobody guards, and which governed Jobs ran without a release.",
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
