import type { DecisionVerdict } from '../../crds/v1alpha1/index.ts';
import type { Arguments } from '../arguments/parse.ts';
import { connect, type Session } from '../cluster/connect.ts';
import { effects, findAll, review, send, type Effect, type Verdict } from '../cluster/decide.ts';
import { exitCode, UsageError } from '../errors.ts';
import { summary } from '../explain/summary.ts';
import type { Io } from '../io.ts';
import { formatOf, requestName, serialize, withoutManagedFields } from '../output/document.ts';
import { oneLine } from '../output/printable.ts';

const most = 100;

/** `kubectl approve NAME…`, with --reject or without: one decision, atomic over all names. */
export function approve(args: Arguments, io: Io): Promise<number> {
  return decide(args, io, args.flags.reject === true ? 'Reject' : 'Approve');
}

/** `kubectl approve comment NAME -m …`: says something that counts for nothing. */
export function comment(args: Arguments, io: Io): Promise<number> {
  if ((args.flags.reason ?? '') === '') throw new UsageError('A comment needs words: kubectl approve comment NAME -m "…"');
  return decide(args, io, 'Comment');
}

async function decide({ names, flags }: Arguments, io: Io, verdict: DecisionVerdict): Promise<number> {
  const said: Verdict = { verdict, reason: bounded('--reason', flags.reason, 1024), ticket: bounded('--ticket', flags.ticket, 256) };
  const format = formatOf(flags.output, ['json', 'yaml', 'name']);
  if (names.length === 0) throw new UsageError('Name at least one request; "kubectl approve list" shows what is open.');
  if (names.length > most) throw new UsageError(`${names.length} names; one decision takes at most ${most}.`);
  const session = await connect(flags, io);
  try {
    return await decideWith(session, names, said, format, io);
  } finally {
    await session.client.close();
  }
}

async function decideWith(
  session: Session,
  names: readonly string[],
  said: Verdict,
  format: ReturnType<typeof formatOf>,
  io: Io,
): Promise<number> {
  const reviewed = await review(session, await findAll(session, names), said.verdict);
  // Before it is sent: whoever watches sees what they decide on. Results alone go to stdout when a program asked for them.
  (format === undefined ? io.out : io.err)(summary(reviewed, session.client.now()));
  const decision = await send(session, reviewed, said);
  if (format !== undefined) {
    io.out(
      format === 'name'
        ? `approvaldecision.countersign.dev/${decision.metadata.name}\n`
        : await serialize(withoutManagedFields(decision), format as 'json' | 'yaml'),
    );
  }
  const come = await effects(session, reviewed, decision.metadata.name);
  const approver = (decision['spec'] as { approver?: string }).approver ?? 'you';
  const tell = format === undefined ? io.out : io.err;
  for (const effect of come) tell(outcomeLine(effect, said.verdict, oneLine(approver), decision.metadata.name, io));
  return come.some((e) => e.state === 'ignored') ? exitCode.refused : exitCode.done;
}

const participle = { Approve: 'approved', Reject: 'rejected', Comment: 'commented on' } as const;

function outcomeLine({ request, state, message }: Effect, verdict: DecisionVerdict, approver: string, decision: string, io: Io): string {
  const paint = state === 'ignored' ? io.colours.bad : state === 'pending' ? io.colours.pending : io.colours.good;
  return `${requestName(request.name)} ${paint(participle[verdict])} by ${approver} (${decision}). ${message}\n`;
}

function bounded(flag: string, text: string | undefined, longest: number): string | undefined {
  const length = Array.from(text ?? '').length;
  if (length > longest) throw new UsageError(`${flag} has ${length} characters; at most ${longest} are kept.`);
  return text === '' ? undefined : text;
}
