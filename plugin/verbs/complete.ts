import { approvalRequests } from '../../crds/v1alpha1/resources.ts';
import type { ResourceType } from '../../operator/kube/client/types.ts';
import { flags, knows, verbs, type Flag, type FlagName, type Verb } from '../arguments/flags.ts';
import { parse, type Arguments } from '../arguments/parse.ts';
import { connect } from '../cluster/connect.ts';
import { exitCode } from '../errors.ts';
import { goals } from '../explain/waiting.ts';
import type { Io } from '../io.ts';
import { formats } from '../output/document.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { isSettled, requesterText, requestOf, subjectText } from '../request.ts';
import { shells } from './completion.ts';

/** One proposal. */
interface Proposal {
  readonly value: string;
  readonly about: string;
}

/** cobra's ShellCompDirective: propose file names, or do not. */
const files = 0;
const noFiles = 4;

/** What the words so far ask for. `names`, `namespaces`: of the cluster. */
type Question =
  | { readonly kind: 'fixed'; readonly proposals: readonly Proposal[] }
  | { readonly kind: 'names'; readonly verb: Verb; readonly taken: readonly string[]; readonly withVerbs: boolean }
  | { readonly kind: 'namespaces' }
  | { readonly kind: 'files' };

/**
 * Answers the shell: all words after the command, the last of them unfinished, maybe empty. What the cluster cannot say is left out; completion
 * never fails and never waits for long.
 */
export async function complete(words: readonly string[], io: Io): Promise<number> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const asked = question(before, current);
  const proposals = asked.kind === 'fixed' ? asked.proposals : asked.kind === 'files' ? [] : await fromCluster(asked, before, io);
  const lines = proposals.filter((p) => p.value.startsWith(current)).map((p) => `${p.value}\t${p.about}\n`);
  io.out(`${lines.join('')}:${asked.kind === 'files' ? files : noFiles}\n`);
  return exitCode.done;
}

/** Decides what is asked for. Pure. */
export function question(before: readonly string[], current: string): Question {
  const waiting = flagAwaitingValue(before.at(-1));
  if (waiting !== undefined) return valuesOf(waiting);
  const { verb, names } = understood(before) ?? { verb: 'approve' as const, names: [] };
  const explicit = before.includes(verb);
  if (current.startsWith('-')) return fixed(flagProposals(verb));
  switch (verb) {
    case 'completion':
      return fixed(names.length === 0 ? shells.map((value) => ({ value, about: 'shell' })) : []);
    case 'help':
      return fixed(names.length === 0 ? verbs.map((value) => ({ value, about: 'verb' })) : []);
    case 'list':
    case 'watch':
    case 'simulate':
    case 'audit':
    case 'bypass':
    case 'version':
      return fixed([]);
    case 'why':
      return names.length === 0 ? { kind: 'names', verb, taken: [], withVerbs: false } : fixed([]);
    case 'approve':
    case 'comment':
    case 'override':
    case 'review':
    case 'reassign':
    case 'revoke':
    case 'describe':
    case 'wait':
      return { kind: 'names', verb, taken: names, withVerbs: !explicit && names.length === 0 };
  }
}

const fixed = (proposals: readonly Proposal[]): Question => ({ kind: 'fixed', proposals });

function flagAwaitingValue(word: string | undefined): FlagName | undefined {
  if (word === undefined || !word.startsWith('-') || word.includes('=')) return undefined;
  return (Object.keys(flags) as FlagName[]).find((name) => {
    const flag: Flag = flags[name];
    return flag.type === 'string' && (word === `--${name}` || (flag.short !== undefined && word === `-${flag.short}`));
  });
}

function valuesOf(name: FlagName): Question {
  switch (name) {
    case 'namespace':
      return { kind: 'namespaces' };
    case 'output':
      return fixed(formats.map((value) => ({ value, about: 'format' })));
    case 'for':
      return fixed(goals.map((value) => ({ value, about: 'goal' })));
    case 'kubeconfig':
    case 'filename':
    case 'policy':
    case 'certificate-authority':
      return { kind: 'files' };
    default:
      return fixed([]);
  }
}

function flagProposals(verb: Verb): Proposal[] {
  return (Object.keys(flags) as FlagName[])
    .filter((name) => knows(verb, name))
    .map((name) => ({ value: `--${name}`, about: flags[name].help }));
}

function understood(before: readonly string[]): Arguments | undefined {
  try {
    return parse(before);
  } catch {
    return undefined;
  }
}

const namespaceType: ResourceType = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
const patienceMs = 3_000;

/** The verbs that are also about what was settled. */
const ofSettled: readonly Verb[] = ['describe', 'comment', 'review', 'revoke', 'why'];

async function fromCluster(
  asked: Extract<Question, { kind: 'names' | 'namespaces' }>,
  before: readonly string[],
  io: Io,
): Promise<Proposal[]> {
  const verbProposals = asked.kind === 'names' && asked.withVerbs ? verbs.map((value) => ({ value, about: 'verb' })) : [];
  try {
    const given = understood(before)?.flags ?? {};
    const session = await connect({ ...given, 'request-timeout': `${patienceMs}ms` }, io);
    try {
      if (asked.kind === 'namespaces') {
        const { items } = await session.client.list(namespaceType, { metadataOnly: true, limit: 500 });
        return items.map(({ metadata }) => ({ value: metadata.name, about: 'namespace' }));
      }
      const { items } = await session.client.list(approvalRequests, { namespace: session.namespace, limit: 500 });
      const requests = items
        .map(requestOf)
        .filter((r) => !asked.taken.includes(r.name) && (ofSettled.includes(asked.verb) || !isSettled(r)));
      const about = (r: (typeof requests)[number]): string => oneLine(`${subjectText(r)}, ${r.spec.operation} by ${requesterText(r)}`);
      return [...verbProposals, ...requests.map((r) => ({ value: r.name, about: about(r) }))];
    } finally {
      await session.client.close();
    }
  } catch {
    // No cluster, no rights, no time: the shell still offers what is known without.
    return verbProposals;
  }
}
