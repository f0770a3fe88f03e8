import type { Arguments } from '../arguments/parse.ts';
import { connect } from '../cluster/connect.ts';
import { readDelegated } from '../cluster/delegated.ts';
import { errorText } from '../cluster/refusal.ts';
import { find } from '../cluster/requests.ts';
import { myPermissions, whoAmI } from '../cluster/whoami.ts';
import { exitCode, UsageError } from '../errors.ts';
import type { Delegated } from '../explain/deputies.ts';
import { explanationText, standingText } from '../explain/whyText.ts';
import { explain } from '../explain/why.ts';
import { standing } from '../explain/who.ts';
import type { Io } from '../io.ts';
import { formatOf, serialize } from '../output/document.ts';
import type { Request } from '../request.ts';
import type { Session } from '../cluster/connect.ts';

/** `kubectl approve why NAME`: which votes are missing, who can give them, and until when. */
export async function why({ names, flags }: Arguments, io: Io): Promise<number> {
  const format = formatOf(flags.output, ['json', 'yaml']);
  const [name, ...rest] = names;
  if (name === undefined || rest.length > 0) throw new UsageError('why takes one NAME: a request, or a Job or GovernedJob that is held.');
  const session = await connect(flags, io);
  try {
    const request = await find(session.client, session.namespace, name);
    const delegated = await readDelegated(session, [request]);
    const explanation = explain(request, delegated);
    if (format === 'json' || format === 'yaml') {
      io.out(await serialize({ request: request.name, namespace: request.namespace, ...explanation }, format));
      return exitCode.done;
    }
    io.out(explanationText(request, explanation, session.client.now(), io.colours));
    if (explanation.outcome === 'open') io.out(await aboutMe(session, request, delegated));
    return exitCode.done;
  } finally {
    await session.client.close();
  }
}

/** What the caller can do about it; the explanation stands without it. */
async function aboutMe({ client }: Session, request: Request, delegated: Delegated): Promise<string> {
  try {
    const me = await whoAmI(client);
    const permissions = await myPermissions(client, me, [request]);
    return `\n${standingText(standing(request, me, permissions, delegated.principals(request, me)), me.username, request)}\n`;
  } catch (error) {
    return `\nWhat you can do about it could not be found out: ${errorText(error)}\n`;
  }
}
