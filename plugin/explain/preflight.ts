import type { Palette } from '../output/palette.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { table, type Cell } from '../output/table.ts';
import { requesterText, type Request } from '../request.ts';
import type { Reviewed } from './summary.ts';
import { runOf, unusual, type Run } from './unusual.ts';

/** One request of a batch, with what was approved before it: `null` when nothing like it was, undefined when that is not known. */
export interface Candidate {
  readonly reviewed: Reviewed;
  readonly last: Run | null | undefined;
}

const longestContext = 48;

/** What each request of a batch would run, as a table, and below it what is unusual about which. Pure. */
export function preflight(batch: readonly Candidate[], namespaces: boolean, colours: Palette): string {
  const runs = batch.map(({ reviewed }) => runOf(reviewed.request, reviewed));
  const odd = batch.map(({ last }, i) => unusual(runs[i] as Run, runs.toSpliced(i, 1), last));
  const rows = batch.map(({ reviewed: { request } }, i): Cell[] => [
    ...(namespaces ? [request.namespace] : []),
    request.name,
    request.spec.operation,
    oneLine((runs[i]?.images ?? []).join(', ')),
    requesterText(request),
    contextText(request),
    runs[i]?.risk?.toString() ?? '',
    {
      text: odd[i]?.length === 0 ? 'no' : `${odd[i]?.length ?? 0}, see below`,
      paint: odd[i]?.length === 0 ? (text) => text : colours.pending,
    },
  ]);
  const titles = [...(namespaces ? ['NAMESPACE'] : []), 'NAME', 'OPERATION', 'IMAGES', 'REQUESTER', 'CONTEXT', 'RISK', 'UNUSUAL'];
  return table(titles, rows) + batch.map(({ reviewed }, i) => oddities(reviewed.request, odd[i] ?? [], namespaces, colours)).join('');
}

function oddities({ name, namespace }: Request, sentences: readonly string[], namespaces: boolean, colours: Palette): string {
  if (sentences.length === 0) return '';
  const title = colours.pending(`${namespaces ? `${namespace}/` : ''}${name}:`);
  return `\n${title}\n${sentences.map((sentence) => `  - ${oneLine(sentence)}\n`).join('')}`;
}

/** The context in a few words; of a long one the beginning, and how much there is. */
function contextText({ stored }: Request): string {
  const { context } = stored.spec;
  if (context === undefined) return '';
  const text = JSON.stringify(context);
  const characters = Array.from(text);
  if (characters.length <= longestContext) return oneLine(text);
  return oneLine(`${characters.slice(0, longestContext).join('')}… (${Buffer.byteLength(text)} bytes)`);
}
