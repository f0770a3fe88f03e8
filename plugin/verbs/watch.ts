import type { Arguments } from '../arguments/parse.ts';
import { connect } from '../cluster/connect.ts';
import { followAll } from '../cluster/followAll.ts';
import { exitCode, UsageError } from '../errors.ts';
import { newsdesk, type News } from '../explain/news.ts';
import type { Io } from '../io.ts';
import { instant } from '../output/age.ts';
import { formatOf, jsonLine, requestName, withoutManagedFields } from '../output/document.ts';

/** `kubectl approve watch`: what is open, and every change of it as it happens, until it is interrupted. */
export async function watch({ names, flags }: Arguments, io: Io): Promise<number> {
  if (names.length > 0) throw new UsageError('watch takes no names; wait follows single requests.');
  const format = formatOf(flags.output, ['json', 'name']);
  const everywhere = flags['all-namespaces'] === true;
  const session = await connect(flags, io);
  const tell = newsdesk();
  const show = (news: News): void => {
    if (format === 'name') io.out(`${requestName(news.request.name)}\n`);
    else if (format === 'json')
      io.out(jsonLine({ type: news.kind, message: news.text, request: withoutManagedFields(news.request.stored.object) }));
    else io.out(line(news, session.client.now(), everywhere, io));
  };
  try {
    const options = {
      ...(everywhere ? {} : { namespace: session.namespace }),
      signal: new AbortController().signal,
      onTrouble: (message: string) => io.err(`${message}; trying again\n`),
    };
    await followAll(session.client, options, (change) => {
      const news = tell(change);
      if (news !== undefined) show(news);
    });
    return exitCode.done;
  } finally {
    await session.client.close();
  }
}

const tones = { open: 'pending', changed: 'pending', settled: 'good', deleted: 'faint' } as const;

function line({ kind, request, text }: News, now: number, everywhere: boolean, { colours }: Io): string {
  const refused = kind === 'settled' && request.status?.conditions.some((c) => c.type === 'Approved' && c.status === 'False') === true;
  const paint = refused ? colours.bad : colours[tones[kind]];
  const name = `${everywhere ? `${request.namespace}/` : ''}${request.name}`;
  return `${instant(new Date(now).toISOString())}  ${colours.strong(name)}  ${paint(text)}\n`;
}
