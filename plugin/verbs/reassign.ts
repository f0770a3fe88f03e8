import type { Arguments } from '../arguments/parse.ts';
import type { Io } from '../io.ts';
import { decide, needed, saidBy } from './decision.ts';

const usage = 'kubectl approve reassign NAME --stage STAGE --from USER --to USER';

/** `kubectl approve reassign NAME…`: somebody else is asked in place of somebody who is gone, where the policy allows it. */
export async function reassign(args: Arguments, io: Io): Promise<number> {
  const { flags } = args;
  const stage = needed(flags.stage, `--stage is missing, the stage that somebody is gone from: ${usage}`);
  const from = needed(flags.from, `--from is missing, the user of the stage who is gone: ${usage}`);
  const to = needed(flags.to, `--to is missing, the user who is asked instead: ${usage}`);
  return decide(args, io, saidBy(flags, 'Reassign', { reassign: { stage, from, to } }));
}
