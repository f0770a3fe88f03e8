import type { Runs } from '../../operator/core/pins.ts';
import { age } from '../output/age.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { table } from '../output/table.ts';
import { requesterText, subjectText, type Request } from '../request.ts';
import { images, podSpecOf, uncovered } from '../../operator/core/uncovered.ts';

/** What was read about one request before it is decided. */
export interface Reviewed {
  readonly request: Request;
  readonly jobSpec?: unknown;
  /** What a GovernedJob runs beside that. */
  readonly runs?: Runs | undefined;
  /** What the plugin says of the digest, such as that it was computed anew. */
  readonly digestNote: string;
}

const longestContext = 240;

/** What is about to be decided, on one screen: everything of a single request, or a line for each of several. */
export function summary(reviewed: readonly Reviewed[], now: number): string {
  const [only] = reviewed;
  return reviewed.length === 1 && only !== undefined ? single(only, now) : several(reviewed, now);
}

function single({ request, jobSpec, runs, digestNote }: Reviewed, now: number): string {
  const { spec, status } = request;
  const facts: [string, string | undefined][] = [
    ['asked by', `${requesterText(request)}, ${age(request.createdAt, now)} ago`],
    ['reason', spec.reason],
    ['ticket', spec.ticket],
    ['context', spec.context === undefined ? undefined : clip(oneLine(JSON.stringify(spec.context)))],
    ['at', spec.subject.external?.url],
    ['runs', jobSpec === undefined ? undefined : podsOf(jobSpec)],
    [
      'may change',
      jobSpec === undefined
        ? undefined
        : `${uncovered(jobSpec, status?.pins, runs).length} things that the digest does not cover; describe lists them`,
    ],
    ['digest', `${status?.subjectDigest ?? 'none'} (${digestNote})`],
  ];
  const lines = facts.flatMap(([title, text]) => (text === undefined ? [] : [`  ${title.padEnd(10)}  ${text}\n`]));
  return `${request.name}: ${subjectText(request)}, operation ${spec.operation}\n${lines.join('')}`;
}

/** What the containers are, in a line. */
function podsOf(jobSpec: unknown): string {
  const { parallelism = 1, completions } = (jobSpec ?? {}) as { parallelism?: number; completions?: number };
  const pods = completions ?? parallelism;
  const what = images(podSpecOf(jobSpec)).map((i) => `${i.container} = ${i.image}${i.pinned ? '' : ' (by tag)'}`);
  return oneLine(`${pods} ${pods === 1 ? 'pod' : 'pods'}: ${what.join(', ')}`);
}

const clip = (text: string): string => {
  const characters = Array.from(text);
  return characters.length <= longestContext ? text : `${characters.slice(0, longestContext).join('')}… (describe shows all of it)`;
};

function several(reviewed: readonly Reviewed[], now: number): string {
  const rows = reviewed.map(({ request }) => [
    request.name,
    subjectText(request),
    request.spec.operation,
    requesterText(request),
    age(request.createdAt, now),
    request.status?.subjectDigest ?? '',
  ]);
  return table(['NAME', 'SUBJECT', 'OPERATION', 'REQUESTER', 'AGE', 'DIGEST'], rows);
}
