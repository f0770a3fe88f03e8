import type { DecisionVerdict } from '../../crds/v1alpha1/index.ts';
import type { Arguments, Flags } from '../arguments/parse.ts';
import { connect, type Session } from '../cluster/connect.ts';
import { effects, findAll, review, send } from '../cluster/decide.ts';
import { exitCode, UsageError } from '../errors.ts';
import type { Verdict } from '../explain/decidable.ts';
import type { Effect } from '../explain/effect.ts';
import { summary, type Reviewed } from '../explain/summary.ts';
import type { Io } from '../io.ts';
import { formatOf, requestName, serialize, withoutManagedFields, type Format } from '../output/document.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { oneLine } from '../../operator/core/printable.ts';

/** How many requests fit into one decision. */
export const mostRequests = 100;

/** What every verb that decides reads from the command line. */
export function saidBy(flags: Flags, verdict: DecisionVerdict, more: Omit<Verdict, 'verdict' | 'reason' | 'ticket'> = {}): Verdict {
  return { verdict, reason: bounded('--reason', flags.reason, 1024), ticket: bounded('--ticket', flags.ticket, 256), ...more };
}

/** Decides on the requests that are named: one decision, all of them or none. */
export async function decide({ names, flags }: Arguments, io: Io, said: Verdict): Promise<number> {
  const format = decisionFormat(flags);
  if (names.length === 0) throw new UsageError('Name at least one request; "kubectl approve list" shows what is open.');
  if (names.length > mostRequests) throw new UsageError(`${names.length} names; one decision takes at most ${mostRequests}.`);
  const session = await connect(flags, io);
  try {
    const reviewed = await review(session, await findAll(session, names), said);
    // Before it is sent: whoever watches sees what they decide on. Results alone go to stdout when a program asked for them.
    (format === undefined ? io.out : io.err)(summary(reviewed, session.client.now()));
    const full = await answered(reviewed, said, io);
    return await tell(session, [{ reviewed, decision: await send(session, reviewed, full) }], full, format, io);
  } finally {
    await session.client.close();
  }
}

/** What is said, with the answers to what the requests ask. @throws RefusedError where one is missing, wrong or not asked for. */
export async function answered(reviewed: readonly Reviewed[], said: Verdict, io: Io): Promise<Verdict> {
  const requests = reviewed.map((r) => r.request);
  const given = said.answers ?? new Map<string, string>();
  const isAsked = requests.some((r) => (r.stored.spec.questions ?? []).length > 0);
  if (said.verdict !== 'Approve' || (given.size === 0 && !isAsked)) return said;
  // Loaded when it is needed: with it come the regular expressions of the questions.
  const { responseTo } = await import('../cluster/answers.ts');
  return { ...said, response: await responseTo(requests, given, io.ask) };
}

/** A decision that was sent, and what it is about. */
export interface Sent {
  readonly reviewed: readonly Reviewed[];
  readonly decision: KubeObject;
}

/** The formats in which decisions are printed. */
export const decisionFormat = (flags: Flags): Format | undefined => formatOf(flags.output, ['json', 'yaml', 'name']);

/** Prints what was sent and what came of it. The exit code says whether all of it counts. */
export async function tell(session: Session, sent: readonly Sent[], said: Verdict, format: Format | undefined, io: Io): Promise<number> {
  for (const [index, { decision }] of sent.entries()) {
    if (format === 'name') io.out(`approvaldecision.countersign.dev/${decision.metadata.name}\n`);
    else if (format === 'json' || format === 'yaml') {
      io.out((index > 0 && format === 'yaml' ? '---\n' : '') + (await serialize(withoutManagedFields(decision), format)));
    }
  }
  const say = format === undefined ? io.out : io.err;
  let code: number = exitCode.done;
  for (const { reviewed, decision } of sent) {
    const approver = oneLine((decision['spec'] as { approver?: string }).approver ?? 'you');
    for (const effect of await effects(session, reviewed, said, decision.metadata.name)) {
      say(outcomeLine(effect, said, approver, decision.metadata.name, io));
      if (effect.state === 'ignored') code = exitCode.refused;
    }
  }
  return code;
}

const participles = {
  Approve: 'approved',
  Reject: 'rejected',
  Comment: 'commented on',
  Override: 'overridden',
  Review: 'reviewed',
  Reassign: 'reassigned',
} as const satisfies Record<DecisionVerdict, string>;

/** The verdict as it is told afterwards. */
export const participle = ({ verdict, revokes }: Verdict): string => (revokes === true ? 'revoked' : participles[verdict]);

function outcomeLine({ request, state, message }: Effect, said: Verdict, approver: string, decision: string, io: Io): string {
  const paint = state === 'ignored' ? io.colours.bad : state === 'pending' ? io.colours.pending : io.colours.good;
  return `${requestName(request.name)} ${paint(participle(said))} by ${approver} (${decision}). ${message}\n`;
}

function bounded(flag: string, text: string | undefined, longest: number): string | undefined {
  const length = Array.from(text ?? '').length;
  if (length > longest) throw new UsageError(`${flag} has ${length} characters; at most ${longest} are kept.`);
  return text === '' ? undefined : text;
}

/** A flag that the verb cannot do without. @throws UsageError with what to write. */
export function needed(text: string | undefined, sentence: string): string {
  if (text === undefined || text.trim() === '') throw new UsageError(sentence);
  return text;
}
