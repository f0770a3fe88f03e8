import type { Question } from '../../crds/v1alpha1/index.ts';
import { Meter } from './cel/meter.ts';
import { compiledPattern } from './cel/pattern.ts';

/** What is wrong with a field, in words that name what it was and what was expected. */
export interface FieldFault {
  readonly path: string;
  readonly message: string;
}

/** What somebody answered, by the names of the questions. As it came: nobody has looked at it yet. */
export type Answers = Readonly<Record<string, unknown>> | undefined;

/** The most that a `response` may be, in bytes of JSON. No CRD schema can say so. */
export const mostResponseBytes = 16 * 1024;

/**
 * What keeps answers from being an answer to these questions: one that is needed and missing, one of the wrong type, one that does not fit, or too
 * much of everything. Other answers do not matter here: a decision on several requests answers the questions of all. Total, whatever the answers are.
 */
export const answerFaults = (questions: readonly Question[] | undefined, answers: Answers, meter = new Meter()): FieldFault[] =>
  answerCheck(questions)(answers, meter);

/** The same for many answers to the same questions, whose patterns are compiled once. */
export function answerCheck(questions: readonly Question[] = []): (answers: Answers, meter?: Meter) => FieldFault[] {
  const checks = questions.map((question) => ({ question, check: valueCheck(question) }));
  return (answers, meter = new Meter()) => {
    const large = tooLarge(answers);
    if (large !== undefined) return [{ path: 'spec.response', message: large }];
    return checks.flatMap(({ question, check }) => {
      const answer = answerTo(question, answers);
      const message = answer === undefined ? missing(question) : check(answer, meter);
      return message === undefined ? [] : [{ path: pathOf(question.name), message }];
    });
  };
}

/** Answers to nothing that any of the requests asks. Where none of them asks anything, a response may say what it likes. */
export function unknownAnswers(asked: readonly (readonly Question[] | undefined)[], answers: Answers): FieldFault[] {
  const known = new Set(asked.flatMap((questions = []) => questions.map((q) => q.name)));
  if (known.size === 0) return [];
  return Object.keys(answers ?? {})
    .filter((name) => !known.has(name))
    .slice(0, 8)
    .map((name) => ({ path: pathOf(name.slice(0, 63)), message: `nobody asks that; the questions are ${[...known].join(', ')}` }));
}

/** Of all that somebody answered, the answers to these questions: what is returned to whoever asked. All of it where nothing was asked. */
export function answersTo(questions: readonly Question[] = [], answers: Answers): Record<string, unknown> | undefined {
  if (answers === undefined || questions.length === 0) return answers;
  const mine = questions.flatMap((q) => (Object.hasOwn(answers, q.name) ? [[q.name, answers[q.name]] as const] : []));
  return mine.length === 0 ? undefined : Object.fromEntries(mine);
}

/** What one status keeps of answers, in bytes of JSON: with the rest of it, well below what etcd takes. */
const mostKeptBytes = 256 * 1024;

/** The records of decisions, of which the latest carry their answers as long as all of that is not too much for one status. The decisions keep theirs. */
export function withBoundedResponses<R extends { readonly response?: Answers }>(oldestFirst: readonly R[]): R[] {
  let left = mostKeptBytes;
  return oldestFirst
    .toReversed()
    .map((record) => {
      if (record.response === undefined) return record;
      const bytes = bytesOf(record.response) ?? Infinity;
      const { response: _large, ...rest } = record;
      if (bytes > mostResponseBytes || bytes > left) return rest as R;
      left -= bytes;
      return record;
    })
    .reverse();
}

/** What is wrong with the questions themselves that no schema can know: a pattern that is none. `path` begins at `spec`. */
export const questionFaults = (questions: readonly Question[] = []): FieldFault[] =>
  questions.flatMap(({ pattern }, index) => {
    const whole = pattern === undefined ? undefined : wholePattern(pattern);
    return whole === undefined || 'matches' in whole
      ? []
      : [
          {
            path: `spec.questions[${index}].pattern`,
            message: `was ${quoted(pattern)}, expected an RE2 regular expression: ${whole.message}`,
          },
        ];
  });

const pathOf = (name: string): string => `spec.response.${name}`;

// A question may be called like something that every object has.
const answerTo = ({ name }: Question, answers: Answers): unknown =>
  answers !== undefined && Object.hasOwn(answers, name) ? (answers[name] ?? undefined) : undefined;

const missing = ({ required, question, type }: Question): string | undefined =>
  required ? `is missing; expected ${expected[type]} in answer to ${quoted(question)}` : undefined;

const expected = { Text: 'a string', Number: 'a number', Choice: 'one of the choices', Boolean: 'true or false' } as const;

type ValueCheck = (value: unknown, meter: Meter) => string | undefined;

function valueCheck(question: Question): ValueCheck {
  switch (question.type) {
    case 'Text':
      return textCheck(question);
    case 'Number':
      return numberFault;
    case 'Boolean':
      return (value) => (typeof value === 'boolean' ? undefined : `was ${quoted(value)}, expected true or false, without quotes`);
    case 'Choice': {
      const choices: readonly unknown[] = question.choices ?? [];
      return (value) => (choices.includes(value) ? undefined : `was ${quoted(value)}, expected one of ${choices.map(quoted).join(', ')}`);
    }
    default:
      // The schema knows no other type. What came past it can be answered by nobody.
      return () => `is of a type that nobody can answer: ${quoted(question.type)}`;
  }
}

function textCheck({ pattern, required }: Question): ValueCheck {
  const whole = pattern === undefined ? undefined : wholePattern(pattern);
  return (value, meter) => {
    if (typeof value !== 'string') return `was ${quoted(value)}, expected a string`;
    if (!value.isWellFormed()) return 'has half of a surrogate pair in it; expected Unicode text';
    if (required && value.trim() === '') return 'is empty; expected an answer';
    if (whole === undefined) return undefined;
    if (!('matches' in whole))
      return `cannot be judged: the pattern ${quoted(pattern)} is no regular expression; ask for the request to be mended`;
    if (whole.matches(value, meter)) return undefined;
    if (meter.exceeded !== undefined) return `cannot be held against the pattern ${pattern ?? ''}: ${meter.exceeded}`;
    return `was ${quoted(value)}, expected all of it to match ${pattern ?? ''}`;
  };
}

/** The pattern must be one by itself: wrapped, `a)|(b` would be one that matches what it should not. */
function wholePattern(pattern: string): ReturnType<typeof compiledPattern> {
  const alone = compiledPattern(pattern);
  return 'matches' in alone ? compiledPattern(`\\A(?:${pattern})\\z`) : alone;
}

function numberFault(value: unknown): string | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return `was ${quoted(value)}, expected a number, without quotes`;
  const loses = Number.isInteger(value) && !Number.isSafeInteger(value);
  return loses ? `was ${value}, which is beyond 2^53, where numbers lose digits; expected a smaller number` : undefined;
}

function tooLarge(answers: Answers): string | undefined {
  const bytes = bytesOf(answers ?? {});
  if (bytes === undefined) return 'is nested too deep; expected answers by the names of the questions';
  return bytes <= mostResponseBytes ? undefined : `has ${bytes} bytes of JSON; expected at most ${mostResponseBytes}`;
}

/** Undefined where the stack ends before the value does. */
function bytesOf(value: object): number | undefined {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch {
    return undefined;
  }
}

const longestQuote = 100;

/** A value as a message may show it: on one line, and short. */
function quoted(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= longestQuote ? text : `${Array.from(text).slice(0, longestQuote).join('')}…`;
}
