import { containersOf, podSpecOf, type Container } from '../../../operator/core/podSpec.ts';
import { isPinned } from '../../../operator/core/pins.ts';
import { covered, notCovered } from '../../../operator/core/uncovered.ts';
import type { KnownRequest } from '../requests.ts';
import { html, type Html } from './html.ts';
import type { SubjectSeen } from './subject.ts';
import { jsonText, visible } from './text.ts';

/** What a container says that approvers look for first. The whole of it is in the manifest. */
interface Runs extends Container {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

interface Variable {
  readonly name?: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

/** What would run: every container with its image and command, and all of the manifest for whoever wants to read every line. */
export function workSection(subject: SubjectSeen): Html {
  switch (subject.access) {
    case 'outside':
      return null;
    case 'gone':
      return card(html`<p>It does not exist any more, so nothing would run.</p>`);
    case 'forbidden':
      return card(
        html`<p>
          You may not read it in this namespace, so it is not shown to you here. Ask for the right to <code>get</code> it, or have somebody
          decide who has it.
        </p>`,
      );
    case 'read':
      return card([
        containersOf(podSpecOf(subject.jobSpec)).map((container) => containerPart(container as Runs)),
        html`<details>
          <summary>The whole manifest</summary>
          <pre tabindex="0">${jsonText(subject.manifest)}</pre>
        </details>`,
      ]);
  }
}

const card = (body: Html): Html =>
  html`<section class="card" aria-labelledby="runs">
    <h2 id="runs">What would run</h2>
    ${body}
  </section>`;

function containerPart({ name, image = '', command, args, env = [] }: Runs): Html {
  const variables = env as readonly Variable[];
  return html`<div class="container">
    <h3>Container ${visible(name)}</h3>
    <dl class="facts">
      <dt>Image</dt>
      <dd><code>${visible(image)}</code> ${isPinned(image) ? null : html`<span class="badge wait">by tag: may be moved</span>`}</dd>
      ${command === undefined ? null : [html`<dt>Command</dt>`, html`<dd><pre>${words(command)}</pre></dd>`]}
      ${args === undefined ? null : [html`<dt>Arguments</dt>`, html`<dd><pre>${words(args)}</pre></dd>`]}
      ${command === undefined && args === undefined ? [html`<dt>Command</dt>`, html`<dd>the image's own</dd>`] : null}
      ${variables.length === 0 ? null : [html`<dt>Environment</dt>`, html`<dd><pre>${variables.map(variableLine)}</pre></dd>`]}
    </dl>
  </div>`;
}

const isPlain = /^[\w@%+=:,./-]+$/;

/** As one would type it, with line breaks kept: what a script does is in its lines. */
const words = (list: readonly string[]): Html =>
  list.map((word, index) => [index === 0 ? '' : ' ', visible(isPlain.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`, 'many')]);

const variableLine = ({ name = '', value, valueFrom }: Variable): Html => [
  visible(name),
  '=',
  valueFrom === undefined ? visible(value ?? '') : ['from ', visible(JSON.stringify(valueFrom))],
  '\n',
];

/** What may still change although the digest stays the same, and what the digest covers besides the manifest. */
export function coverageSection({ spec, status }: Pick<KnownRequest, 'spec' | 'status'>, subject: SubjectSeen): Html {
  const pins = status?.pins;
  const open = notCovered({ spec, pins }, subject);
  const also = subject.jobSpec === undefined ? [] : covered(pins);
  if (open.length === 0 && also.length === 0) return null;
  return html`<section class="card" aria-labelledby="open">
    <h2 id="open">What your agreement does not cover</h2>
    <ul>
      ${open.map((line) => html`<li>${visible(line)}</li>`)}
    </ul>
    ${
      also.length === 0
        ? null
        : html`<h3>Covered besides the manifest</h3>
            <ul>
              ${also.map((line) => html`<li>${visible(line)}</li>`)}
            </ul>`
    }
  </section>`;
}
