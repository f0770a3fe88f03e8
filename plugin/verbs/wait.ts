import { setTimeout as sleep } from 'node:timers/promises';
import type { Arguments } from '../arguments/parse.ts';
import { nearest } from '../arguments/suggest.ts';
import { connect, flagDurationMs, type Session } from '../cluster/connect.ts';
import { follow } from '../cluster/follow.ts';
import { find, NoRequestError } from '../cluster/requests.ts';
import { exitCode, TimedOutError, UsageError } from '../errors.ts';
import { arrival, goals, progress, type Goal } from '../explain/waiting.ts';
import type { Io } from '../io.ts';
import { formatOf, listOf, requestName, serialize, withoutManagedFields } from '../output/document.ts';
import type { Request } from '../request.ts';

/** What a wait for one name ended with. */
interface Ended {
  readonly good: boolean;
  readonly line: string;
  readonly last: Request | undefined;
}

/** `kubectl approve wait NAME…`: until it is decided; the exit code is the outcome. */
export async function wait({ names, flags }: Arguments, io: Io): Promise<number> {
  if (names.length === 0) throw new UsageError('wait takes at least one NAME: a request, or a Job or GovernedJob that is held.');
  const goal = goalOf(flags.for);
  const format = formatOf(flags.output, ['json', 'yaml', 'name']);
  const timeoutMs = flags.timeout === undefined ? undefined : flagDurationMs('--timeout', flags.timeout);
  const session = await connect(flags, io);
  const overall = new AbortController();
  const signal = timeoutMs === undefined ? overall.signal : AbortSignal.any([overall.signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const ends = await Promise.all(names.map((name) => waitFor(session, name, goal, signal, io)));
    const objects = ends.flatMap((e) => (e.last === undefined ? [] : [e.last]));
    if (format === undefined) for (const { line } of ends) io.out(line);
    else if (format === 'name') io.out(objects.map((r) => `${requestName(r.name)}\n`).join(''));
    else io.out(await serialize(documentOf(objects), format as 'json' | 'yaml'));
    return ends.every((e) => e.good) ? exitCode.done : exitCode.refused;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new TimedOutError(`Not ${goal} within ${flags.timeout ?? ''}; "kubectl approve why" says what is missing.`);
  } finally {
    overall.abort();
    await session.client.close();
  }
}

function documentOf(requests: readonly Request[]): unknown {
  const [only] = requests;
  return requests.length === 1 && only !== undefined
    ? withoutManagedFields(only.stored.object)
    : listOf(requests.map((r) => r.stored.object));
}

function goalOf(text: string | undefined): Goal {
  if (text === undefined) return 'approved';
  const goal = goals.find((g) => g === text.toLowerCase());
  if (goal !== undefined) return goal;
  const meant = nearest(text, goals);
  throw new UsageError(`--for=${text} is unknown; expected ${goals.join(', ')}${meant === undefined ? '.' : `; did you mean ${meant}?`}`);
}

async function waitFor(session: Session, name: string, goal: Goal, signal: AbortSignal, io: Io): Promise<Ended> {
  const request = await findSoon(session, name, signal, io);
  let told = '';
  const tell = (text: string): void => {
    if (io.errIsTerminal && text !== told) io.err(`${request.name}: ${text}\n`);
    told = text;
  };
  let latest = request;
  const last = await follow(
    session.client,
    {
      namespace: request.namespace,
      name: request.name,
      uid: request.uid,
      signal,
      onTrouble: (message) => tell(`${message}; trying again`),
    },
    (seen) => {
      if (seen !== 'deleted') {
        latest = seen;
        tell(progress(seen));
      }
      return arrival(seen, goal) !== undefined;
    },
  );
  const end = arrival(last, goal);
  const paint = end?.good === true ? io.colours.good : io.colours.bad;
  return {
    good: end?.good === true,
    line: `${requestName(request.name)} ${paint(end?.message ?? '')}\n`,
    last: last === 'deleted' ? undefined : latest,
  };
}

/** Held work gets its request a moment after it was created. */
async function findSoon({ client, namespace }: Session, name: string, signal: AbortSignal, io: Io): Promise<Request> {
  for (let first = true; ; first = false) {
    try {
      return await find(client, namespace, name);
    } catch (error) {
      if (!(error instanceof NoRequestError) || !error.heldWithoutRequest) throw error;
      if (first && io.errIsTerminal) io.err(`${error.message}\n`);
    }
    await sleep(500, undefined, { signal });
  }
}
