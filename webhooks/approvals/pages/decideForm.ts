import type { DecisionRules, Question } from '../../../crds/v1alpha1/index.ts';
import { distinctRules, type RuledField } from '../../../operator/core/fieldRules.ts';
import { html, type Html } from './html.ts';
import { visible } from './text.ts';

/** A form by which somebody decides. Works without a script. */
export interface DecideForm {
  /** Where it is sent. */
  readonly action: string;
  /** What is sent along unseen. */
  readonly hidden: Readonly<Record<string, string | undefined>>;
  /** One button for each. */
  readonly verdicts: readonly ('Approve' | 'Reject')[];
  readonly rules: readonly (DecisionRules | undefined)[];
  readonly questions: readonly Question[];
  /** What was typed before, where it is shown again. */
  readonly said?: Readonly<Record<string, string | undefined>> | undefined;
}

/** The field of a form in which a question is answered. */
export const answerField = (question: string): string => `answer.${question}`;

/** Questions are there to be answered by whoever approves: a no needs no answers, so the browser must not insist on them. */
export function decideForm({ action, hidden, verdicts, rules, questions, said = {} }: DecideForm): Html {
  const approves = verdicts.includes('Approve');
  return html`<form class="decide" method="post" action=${action}>
    ${Object.entries(hidden).map(([name, value]) => (value === undefined ? null : html`<input type="hidden" name=${name} value=${value} />`))}
    ${approves ? questions.map((question) => questionField(question, said[answerField(question.name)])) : null}
    ${ruledField('reason', 'Your reason', rules, said['reason'])}
    ${ruledField('ticket', 'Ticket', rules, said['ticket'])}
    <div class="buttons">
      ${approves ? html`<button class="yes" name="verdict" value="Approve">Approve</button>` : null}
      ${verdicts.includes('Reject') ? html`<button class="no" name="verdict" value="Reject" formnovalidate=${approves && questions.some((q) => q.required)}>Reject</button>` : null}
    </div>
  </form>`;
}

function ruledField(field: RuledField, title: string, all: DecideForm['rules'], said: string | undefined): Html {
  const rules = distinctRules(all, field);
  const required = rules.some((rule) => rule.required);
  const patterns = rules.flatMap(({ pattern }) => (pattern === undefined ? [] : [pattern]));
  const hint = [required ? ' (needed)' : ' (if you like)', ...patterns.map((pattern) => `, must match ${pattern}`)].join('');
  const label = html`<label for=${field}>${title}<span class="hint">${visible(hint)}</span></label>`;
  return field === 'reason'
    ? [label, html`<textarea id=${field} name=${field} rows="3" maxlength="1024" required=${required}>${said ?? ''}</textarea>`]
    : [label, html`<input id=${field} name=${field} maxlength="256" required=${required} value=${said ?? ''} />`];
}

function questionField(question: Question, said: string | undefined): Html {
  const name = answerField(question.name);
  const { type, required, pattern, choices = [] } = question;
  const hint = [required ? ' (needed to approve)' : ' (if you like)', ...(pattern === undefined ? [] : [`, must match ${pattern}`])].join(
    '',
  );
  const label = html`<label for=${name}>${visible(question.question)}<span class="hint">${visible(hint)}</span></label>`;
  switch (type) {
    case 'Text':
      return [label, html`<textarea id=${name} name=${name} rows="2" required=${required}>${said ?? ''}</textarea>`];
    case 'Number':
      return [label, html`<input id=${name} name=${name} type="number" step="any" required=${required} value=${said ?? ''} />`];
    case 'Boolean':
    case 'Choice': {
      const options =
        type === 'Choice'
          ? choices.map((choice) => [choice, choice])
          : [
              ['true', 'Yes'],
              ['false', 'No'],
            ];
      return [
        label,
        html`<select id=${name} name=${name} required=${required}>
          <option value="" selected=${said === undefined || said === ''}>Choose…</option>
          ${options.map(([value = '', text = '']) => html`<option value=${value} selected=${said === value}>${visible(text)}</option>`)}
        </select>`,
      ];
    }
  }
}

/** The answers of a form, as the questions have them: what cannot be read as its type stays text, and is told to be wrong with everything else. */
export function answersOf(
  questions: readonly Question[],
  fields: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> | undefined {
  const answered = questions.flatMap(({ name, type }) => {
    const text = fields[answerField(name)];
    return text === undefined || text.trim() === '' ? [] : [[name, answerOf(type, text)] as const];
  });
  return answered.length === 0 ? undefined : Object.fromEntries(answered);
}

function answerOf(type: Question['type'], text: string): unknown {
  if (type === 'Number') return Number.isFinite(Number(text)) ? Number(text) : text;
  if (type === 'Boolean') return text === 'true' ? true : text === 'false' ? false : text;
  // Browsers send the lines of a text with carriage returns that nobody typed.
  return text.replaceAll('\r\n', '\n');
}
