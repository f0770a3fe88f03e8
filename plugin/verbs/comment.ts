import type { Arguments } from '../arguments/parse.ts';
import type { Io } from '../io.ts';
import { decide, needed, saidBy } from './decision.ts';

/** `kubectl approve comment NAME… -m …`: says something that counts for nothing. */
export async function comment(args: Arguments, io: Io): Promise<number> {
  needed(args.flags.reason, 'A comment needs words: kubectl approve comment NAME -m "…"');
  return decide(args, io, saidBy(args.flags, 'Comment'));
}
