import type { Arguments } from '../arguments/parse.ts';
import { connect } from '../cluster/connect.ts';
import { exitCode, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { formatOf, formats, serialize } from '../output/document.ts';
import { auditDocument, auditTable } from '../simulation/auditText.ts';
import { readAudited } from '../simulation/runAudit.ts';

/** `kubectl approve audit`: the Jobs that policies with `enforcement: Audit` would have held, and what they would have asked. */
export async function audit({ names, flags }: Arguments, io: Io): Promise<number> {
  if (names.length > 0) throw new UsageError('audit takes no names; it lists what is marked in the namespace, or with -A everywhere.');
  const format = formatOf(flags.output, formats);
  const everywhere = flags['all-namespaces'] === true;
  const session = await connect(flags, io);
  try {
    const { audited, gaps } = await readAudited(session, everywhere);
    for (const gap of gaps) io.err(`Warning: ${gap}\n`);
    if (format === 'json' || format === 'yaml') io.out(await serialize({ results: audited.map(auditDocument) }, format));
    else if (format === 'name') io.out(audited.map(({ job }) => `job.batch/${job.metadata.name}\n`).join(''));
    else if (audited.length === 0)
      io.err(
        `No Job is there that a policy with enforcement: Audit would have held ${everywhere ? 'in any namespace' : `in namespace ${session.namespace}`}.\n`,
      );
    else io.out(auditTable(audited, { now: session.client.now(), wide: format === 'wide', namespaces: everywhere }));
    return exitCode.done;
  } finally {
    await session.client.close();
  }
}
