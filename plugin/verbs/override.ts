import type { Arguments } from '../arguments/parse.ts';
import type { Io } from '../io.ts';
import { decide, needed, saidBy } from './decision.ts';

const usage = 'kubectl approve override NAME --ticket TICKET -m REASON';

/** `kubectl approve override NAME…`: releases at once, whatever the policies ask, once two people with the verb override have said so. */
export async function override(args: Arguments, io: Io): Promise<number> {
  needed(args.flags.ticket, `An override needs the ticket of the incident or change that calls for it: ${usage}`);
  needed(args.flags.reason, `An override needs a reason, for whoever reviews it: ${usage}`);
  return decide(args, io, saidBy(args.flags, 'Override'));
}
