import type { Arguments } from '../arguments/parse.ts';
import type { Io } from '../io.ts';
import { decide, saidBy } from './decision.ts';

/** `kubectl approve revoke NAME…`: ends a standing approval, so that further runs ask again. What ran or runs is left alone. */
export async function revoke(args: Arguments, io: Io): Promise<number> {
  return decide(args, io, saidBy(args.flags, 'Reject', { revokes: true }));
}
