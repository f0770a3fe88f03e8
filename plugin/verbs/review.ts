import type { Arguments } from '../arguments/parse.ts';
import type { Io } from '../io.ts';
import { decide, needed, saidBy } from './decision.ts';

/** `kubectl approve review NAME… -m …`: looks at an override afterwards. Until somebody has, whoever overrode may not do so again. */
export async function review(args: Arguments, io: Io): Promise<number> {
  needed(args.flags.reason, 'A review needs words, what you found: kubectl approve review NAME -m "…"');
  return decide(args, io, saidBy(args.flags, 'Review'));
}
