import manifest from '../../package.json' with { type: 'json' };
import type { Arguments } from '../arguments/parse.ts';
import { exitCode, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { formatOf, serialize } from '../output/document.ts';

/** `kubectl approve version`. */
export async function version({ names, flags }: Arguments, io: Io): Promise<number> {
  if (names.length > 0) throw new UsageError('version takes no names.');
  const format = formatOf(flags.output, ['json', 'yaml']);
  const facts = { version: manifest.version, api: 'countersign.dev/v1alpha1', node: process.version };
  if (format === 'json' || format === 'yaml') io.out(await serialize(facts, format));
  else io.out(`kubectl-approve ${facts.version} (API ${facts.api}, Node ${facts.node})\n`);
  return exitCode.done;
}
