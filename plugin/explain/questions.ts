import type { Question } from '../../crds/v1alpha1/index.ts';
import { oneLine } from '../../operator/core/printable.ts';
import type { Request } from '../request.ts';

const types = { Text: 'text', Number: 'a number', Boolean: 'yes or no' } as const;

/** What may be answered, in a word or two. */
export const answerText = ({ type, choices = [], pattern }: Question): string =>
  type === 'Choice'
    ? `one of ${choices.map((c) => oneLine(c)).join(', ')}`
    : pattern === undefined
      ? types[type]
      : `text that matches ${oneLine(pattern)}`;

/** The questions of a request, a line for each, and how they are answered. */
export function questionLines({ spec }: Request): string {
  const questions = spec.questions ?? [];
  if (questions.length === 0) return '';
  const lines = questions.map((q) => `${q.name}: ${q.question} (${answerText(q)}${q.required ? '' : '; need not be answered'})\n`);
  return `${lines.join('')}Answer with --answer NAME=VALUE.\n`;
}

/** Who answered what, a line for each. */
export const answerLines = ({ status }: Request): string =>
  (status?.decisions ?? [])
    .flatMap((d) =>
      d.response === undefined ? [] : [`${d.approver}${d.counted ? '' : ' (does not count)'}: ${oneLine(JSON.stringify(d.response))}\n`],
    )
    .join('');
