import type { Arguments } from '../arguments/parse.ts';
import { connect } from '../cluster/connect.ts';
import { readText } from '../cluster/files.ts';
import { exitCode, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { formatOf, serialize } from '../output/document.ts';
import { manifestsIn, type Manifest } from '../simulation/manifests.ts';
import { isRefused, simulatedDocument, simulatedText } from '../simulation/text.ts';
import { changesText, changesDocument } from '../simulation/changesText.ts';
import { simulateManifests } from '../simulation/run.ts';
import { simulatePolicies } from '../simulation/runPolicy.ts';

/** `kubectl approve simulate`: what the policies would ask of manifests, or what a policy would change. Nothing is created. */
export async function simulate({ names, flags }: Arguments, io: Io): Promise<number> {
  const format = formatOf(flags.output, ['json', 'yaml']);
  const { filename = [], policy } = flags;
  if (names.length > 0) throw new UsageError('simulate takes no names; give the manifest with -f FILE, or - for standard input.');
  if ((filename.length === 0) === (policy === undefined)) {
    throw new UsageError('simulate takes either -f FILE, what would be created, or --policy FILE, the policy that would be written.');
  }
  if (policy === undefined && flags['all-namespaces'] === true)
    throw new UsageError('-A is for --policy; a manifest is simulated in one namespace.');
  const manifests = await read(policy === undefined ? filename : [policy], io);
  const session = await connect(flags, io);
  try {
    const now = session.client.now();
    if (policy === undefined) {
      const answers = await simulateManifests(session, manifests, flags.namespace);
      if (format === 'json' || format === 'yaml') io.out(await serialize({ results: answers.map(simulatedDocument) }, format));
      else io.out(answers.map((answer) => simulatedText(answer, now, io.colours)).join('\n'));
      return answers.some((answer) => isRefused(answer)) ? exitCode.refused : exitCode.done;
    }
    const changes = await simulatePolicies(session, manifests, flags['all-namespaces'] === true);
    if (format === 'json' || format === 'yaml') io.out(await serialize({ results: changes.map(changesDocument) }, format));
    else io.out(changes.map((change) => changesText(change, io.colours)).join('\n'));
    return exitCode.done;
  } finally {
    await session.client.close();
  }
}

async function read(files: readonly string[], io: Io): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const file of files) manifests.push(...manifestsIn(await readText(file, io), file === '-' ? 'standard input' : file));
  return manifests;
}
