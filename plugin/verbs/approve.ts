import { answersOf } from '../arguments/answers.ts';
import type { Arguments } from '../arguments/parse.ts';
import { standingOf } from '../arguments/standing.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { decide, saidBy } from './decision.ts';

/** `kubectl approve NAME…`, with --reject or without: one decision, atomic over all names. With -l or --operation, a batch. */
export async function approve(args: Arguments, io: Io): Promise<number> {
  const { flags } = args;
  const standing = flags.standing === undefined ? undefined : standingOf(flags.standing);
  if (standing !== undefined && flags.reject === true)
    throw new UsageError('--standing agrees to further runs; it does not go with --reject.');
  const answers = answersOf(flags.answer ?? []);
  if (answers.size > 0 && flags.reject === true) throw new UsageError('--answer goes with approving; a rejection answers nothing.');
  const said = saidBy(flags, flags.reject === true ? 'Reject' : 'Approve', { standing, answers });
  if (flags.selector !== undefined || flags.operation !== undefined) return (await import('./batch.ts')).batch(args, io, said);
  if (flags.yes === true || flags['all-namespaces'] === true) {
    throw new UsageError(
      `${flags.yes === true ? '--yes' : '-A'} is for batches: add -l SELECTOR or --operation OPERATION, or leave it out.`,
    );
  }
  return decide(args, io, said);
}
