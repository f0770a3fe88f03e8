import type { Arguments } from '../arguments/parse.ts';
import { connect, type Session } from '../cluster/connect.ts';
import { digestDoubt } from '../cluster/decide.ts';
import { readDelegated } from '../cluster/delegated.ts';
import { precedentOf } from '../cluster/history.ts';
import { find } from '../cluster/requests.ts';
import { readSubject } from '../cluster/subject.ts';
import { exitCode, UsageError } from '../errors.ts';
import { description, type Described } from '../explain/description.ts';
import { timeline } from '../explain/timeline.ts';
import { covered, images, notCovered, podSpecOf } from '../../operator/core/uncovered.ts';
import { explain } from '../explain/why.ts';
import type { Io } from '../io.ts';
import { formatOf, serialize, withoutManagedFields } from '../output/document.ts';
import { isSettled } from '../request.ts';

/** `kubectl approve describe NAME…`: all that an approver should see before deciding. */
export async function describe({ names, flags }: Arguments, io: Io): Promise<number> {
  const format = formatOf(flags.output, ['json', 'yaml']);
  if (names.length === 0) throw new UsageError('describe takes at least one NAME: a request, or a Job or GovernedJob that is held.');
  const session = await connect(flags, io);
  try {
    for (const [index, name] of names.entries()) {
      const described = await read(session, name);
      if (format === 'json' || format === 'yaml')
        io.out((index > 0 && format === 'yaml' ? '---\n' : '') + (await serialize(document(described), format)));
      else io.out((index > 0 ? '\n\n' : '') + description(described, session.client.now(), io.colours));
    }
    return exitCode.done;
  } finally {
    await session.client.close();
  }
}

async function read({ client, namespace }: Session, name: string): Promise<Described> {
  const request = await find(client, namespace, name);
  const [subject, precedent, delegated] = await Promise.all([
    readSubject(client, request),
    precedentOf(client, request),
    readDelegated({ client, namespace }, [request]),
  ]);
  // Once it is settled the digest is history: what runs changes its own spec, and may be gone.
  const doubt = isSettled(request) && subject.digest !== request.status?.subjectDigest ? settledDoubt : digestDoubt(request, subject);
  return { request, subject, precedent, doubt, delegated };
}

const settledDoubt = 'settled; what is stored now is not, or not any more, what was decided';

/** The same for programs. */
function document({ request, subject, doubt, precedent, delegated }: Described): unknown {
  return {
    request: withoutManagedFields(request.stored.object),
    subject: {
      access: subject.access,
      documents: subject.documents,
      images: images(podSpecOf(subject.jobSpec)),
      covered: covered(request.status?.pins),
      notCovered: notCovered({ spec: request.stored.spec, pins: request.status?.pins }, subject),
    },
    digest: { recorded: request.status?.subjectDigest, computed: subject.digest, matches: doubt === undefined, doubt },
    lastApprovedRun: 'request' in precedent ? precedent.request.name : null,
    explanation: explain(request, delegated),
    timeline: timeline(request, subject.createdAt).map(({ time, what }) => ({ time, what })),
  };
}
