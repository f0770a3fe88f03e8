import { structuredPatch } from 'diff';
import { approvedAt, comparable, type Precedent } from '../../../operator/core/precedent.ts';
import { rfc3339 } from '../../../operator/core/conditions.ts';
import { withoutIdentity } from '../../../operator/workloads/job.ts';
import type { KnownRequest } from '../requests.ts';
import { html, type Html } from './html.ts';
import type { SubjectSeen } from './subject.ts';
import { moment, visible } from './text.ts';

/** The last approved run of the same work, as far as whoever looks may read it. */
export type Past = Precedent<KnownRequest, SubjectSeen>;

/** With more changed lines than that nothing is shown line by line: nobody reads them, and finding them takes the square of it. */
const mostChanges = 1_000;

interface Compared {
  readonly request: KnownRequest;
  readonly subject: SubjectSeen;
  readonly past: Past;
  readonly now: number;
}

/** How this run differs from the last one that was approved. */
export function comparisonSection({ request, subject, past, now }: Compared): Html {
  if (subject.access !== 'outside' && subject.jobSpec === undefined) return null;
  return html`<section class="card" aria-labelledby="compared">
    <h2 id="compared">Compared with the last approved run</h2>
    ${body({ request, subject, past, now })}
  </section>`;
}

function body({ request, subject, past, now }: Compared): Html {
  switch (past.kind) {
    case 'none':
      return html`<p>Nothing like it was approved before.</p>`;
    case 'forbidden':
      return html`<p>You may not read the request that was approved before, so there is nothing to compare it with.</p>`;
    case 'gone':
      return html`<p>${named(past.request, now)}, but what ran is not stored any more as it was approved, or you may not read it.</p>`;
    case 'found': {
      const skipped =
        past.skipped === 0
          ? null
          : ` (What ran in ${past.skipped} later ones is not stored any more as it was approved, or you may not read it.)`;
      const lines = changes(textOf(past.request, past.subject), textOf(request, subject));
      if (lines === undefined) return html`<p>${named(past.request, now)}. Too much differs to be shown line by line.${skipped}</p>`;
      if (lines.length === 0) return html`<p>The same as ${named(past.request, now)}.${skipped}</p>`;
      return [
        html`<p>Differs from ${named(past.request, now)}.${skipped}</p>`,
        html`<pre class="diff" tabindex="0" role="region" aria-label="What differs">${lines.map(lineOf)}</pre>`,
      ];
    }
  }
}

const named = (request: KnownRequest, now: number): Html => [
  html`<a href=${`/requests/${request.uid}`}>${visible(request.name)}</a>`,
  ', approved ',
  moment(rfc3339(approvedAt(request)), now),
];

const textOf = ({ spec }: KnownRequest, { jobSpec, runs }: SubjectSeen): string =>
  `${JSON.stringify(comparable(spec, jobSpec === undefined ? undefined : withoutIdentity(jobSpec), runs), null, 2)}\n`;

/** The lines that differ, each with the mark before it that says how, among three that do not; undefined for too many. */
function changes(before: string, after: string): string[] | undefined {
  const patch = structuredPatch('before', 'after', before, after, '', '', { context: 3, maxEditLength: mostChanges });
  return patch?.hunks.flatMap(({ lines }, index) => [...(index === 0 ? [] : ['…']), ...lines]);
}

/** Also for whoever sees no colours, or hears it. */
function lineOf(line: string): Html {
  const text = visible(line);
  return line.startsWith('+') ? html`<ins>${text}</ins>` : line.startsWith('-') ? html`<del>${text}</del>` : html`<span>${text}</span>`;
}
