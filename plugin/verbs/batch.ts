import type { Arguments, Flags } from '../arguments/parse.ts';
import { connect, type Session } from '../cluster/connect.ts';
import { review, send } from '../cluster/decide.ts';
import { readDelegated } from '../cluster/delegated.ts';
import { precedentAmong } from '../cluster/history.ts';
import { selected, type Selected } from '../cluster/select.ts';
import { readSubject, type Subject } from '../cluster/subject.ts';
import { myPermissions, whoAmI } from '../cluster/whoami.ts';
import { exitCode, RefusedError, UsageError } from '../errors.ts';
import type { Verdict } from '../explain/decidable.ts';
import { preflight, type Candidate } from '../explain/preflight.ts';
import type { Reviewed } from '../explain/summary.ts';
import { runOf } from '../explain/unusual.ts';
import { standing } from '../explain/who.ts';
import { standingText } from '../explain/whyText.ts';
import type { Io } from '../io.ts';
import { oneLine } from '../../operator/core/printable.ts';
import type { Request } from '../request.ts';
import { answered, decisionFormat, mostRequests, participle, tell, type Sent } from './decision.ts';

/** `kubectl approve -l SELECTOR`, `kubectl approve --operation OPERATION`: everything that waits for the caller's vote and fits, or nothing. */
export async function batch({ names, flags }: Arguments, io: Io, said: Verdict): Promise<number> {
  if (names.length > 0)
    throw new UsageError(`-l and --operation choose the requests; leave out the names (${names.map(oneLine).join(', ')}).`);
  if (said.standing !== undefined)
    throw new UsageError('--standing is for requests that are named, one by one; it does not go with -l or --operation.');
  const format = decisionFormat(flags);
  const session = await connect(flags, io);
  try {
    const found = await selected(session, {
      selector: flags.selector,
      operation: flags.operation,
      everywhere: flags['all-namespaces'] === true,
    });
    if (found.unseen.length > 0)
      io.err(`Warning: you may not list ${found.unseen.join(' and ')}, so only the labels of requests were looked at.\n`);
    const mine = await decidable(session, found.open, said, io);
    if (mine.length === 0) {
      io.err('No open request that fits waits for your vote; nothing was sent.\n');
      return exitCode.done;
    }
    refuseTooMany(mine);
    const reviewed = await review(session, mine, said);
    const candidates = await withPrecedents(session, reviewed, found);
    (format === undefined ? io.out : io.err)(preflight(candidates, spaces(mine).length > 1, io.colours));
    await confirm(mine, said, flags, io);
    const full = await answered(reviewed, said, io);
    return await tell(session, await sendAll(session, reviewed, full), full, format, io);
  } finally {
    await session.client.close();
  }
}

/** Those that the caller could decide; of the others it is told why they are left out. */
async function decidable(session: Session, open: readonly Request[], said: Verdict, io: Io): Promise<Request[]> {
  const me = await whoAmI(session.client);
  const permissions = await myPermissions(session.client, me, open);
  const delegated = await readDelegated(session, open);
  return open.filter((request) => {
    const mine = standing(request, me, permissions, delegated.principals(request, me));
    // A no counts from everybody who is asked, also from whoever asked for it or may have.
    const mayRefuse = mine.kind === 'isRequester' || mine.kind === 'requesterUnknown';
    if (mine.kind === 'wanted' || (mayRefuse && said.verdict === 'Reject')) return true;
    io.err(`Left out: ${request.namespace}/${request.name}. ${standingText(mine, me.username, request)}\n`);
    return false;
  });
}

const spaces = (requests: readonly Request[]): string[] => [...new Set(requests.map((r) => r.namespace))];

function refuseTooMany(requests: readonly Request[]): void {
  for (const namespace of spaces(requests)) {
    const count = requests.filter((r) => r.namespace === namespace).length;
    if (count <= mostRequests) continue;
    throw new RefusedError(
      `${count} requests of namespace ${namespace} fit; one decision takes at most ${mostRequests}, and all are decided or none. ` +
        'Narrow it down: with -l and --operation together, or with a selector that fits fewer.',
    );
  }
}

async function withPrecedents({ client }: Session, reviewed: readonly Reviewed[], { all }: Selected): Promise<Candidate[]> {
  // Several of a batch often have the same last run.
  const subjects = new Map<string, Promise<Subject>>();
  const read = (past: Request): Promise<Subject> => {
    const known = subjects.get(past.uid) ?? readSubject(client, past);
    subjects.set(past.uid, known);
    return known;
  };
  return Promise.all(
    reviewed.map(async (one): Promise<Candidate> => {
      const precedent = await precedentAmong(all, one.request, read);
      switch (precedent.kind) {
        case 'found':
          return { reviewed: one, last: runOf(precedent.request, precedent.subject) };
        case 'gone':
          return { reviewed: one, last: runOf(precedent.request, {}) };
        case 'none':
          return { reviewed: one, last: null };
        case 'forbidden':
          return { reviewed: one, last: undefined };
      }
    }),
  );
}

const verb = { Approve: 'approve', Reject: 'reject' } as const;

async function confirm(requests: readonly Request[], said: Verdict, flags: Flags, io: Io): Promise<void> {
  if (flags.yes === true) return;
  const count = requests.length;
  if (io.ask === undefined) {
    throw new UsageError(
      `There is no terminal on which to confirm that ${count === 1 ? 'this one is' : `these ${count} are`} to be ${participle(said)}; nothing was sent. Add --yes once you have looked.`,
    );
  }
  const where = spaces(requests).length > 1 ? ` in ${spaces(requests).length} namespaces` : '';
  const what = `${said.verdict === 'Reject' ? verb.Reject : verb.Approve} ${count === 1 ? 'this request' : `these ${count} requests`}${where}`;
  const answer = await io.ask(`\nType ${count} to ${what}, anything else to leave it: `);
  if (answer.trim() !== String(count)) throw new RefusedError('Not confirmed; nothing was sent.', 'NotConfirmed');
}

/** One decision for each namespace. Where there are several, the API server is asked about all before the first is sent. */
async function sendAll(session: Session, reviewed: readonly Reviewed[], said: Verdict): Promise<Sent[]> {
  const groups = spaces(reviewed.map((r) => r.request)).map((namespace) => reviewed.filter((r) => r.request.namespace === namespace));
  if (groups.length > 1) for (const group of groups) await send(session, group, said, true);
  const sent: Sent[] = [];
  for (const group of groups) {
    try {
      sent.push({ reviewed: group, decision: await send(session, group, said) });
    } catch (error) {
      if (sent.length === 0) throw error;
      const done = sent.map((s) => `namespace ${s.reviewed[0]?.request.namespace ?? ''} (${s.decision.metadata.name})`).join(', ');
      const why = error instanceof Error ? error.message : String(error);
      throw new RefusedError(
        `Sent already: ${done}. Refused for namespace ${group[0]?.request.namespace ?? ''}, although a trial had gone through: ${why}`,
      );
    }
  }
  return sent;
}
