import type { Arguments } from '../arguments/parse.ts';
import { connect } from '../cluster/connect.ts';
import { readEveryone } from '../cluster/everyone.ts';
import { exitCode, UsageError } from '../errors.ts';
import { bypassOf } from '../explain/bypass.ts';
import { bypassText } from '../explain/bypassText.ts';
import type { Io } from '../io.ts';
import { formatOf, serialize } from '../output/document.ts';

/** `kubectl approve bypass`: who could evade the gate, by the cluster's RBAC, and what ran without a release. Always of the whole cluster. */
export async function bypass({ names, flags }: Arguments, io: Io): Promise<number> {
  if (names.length > 0) throw new UsageError('bypass takes no names; it looks at the whole cluster.');
  const format = formatOf(flags.output, ['json', 'yaml']);
  const all = flags.all === true;
  const session = await connect(flags, io);
  try {
    const found = bypassOf(await readEveryone(session.client), all);
    if (format === 'json' || format === 'yaml') io.out(await serialize(found, format));
    else io.out(bypassText(found, { now: session.client.now(), all, colours: io.colours }));
    return exitCode.done;
  } finally {
    await session.client.close();
  }
}
