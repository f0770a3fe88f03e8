import type { Question } from '../../crds/v1alpha1/index.ts';
import { answerFaults } from '../../operator/core/questions.ts';
import { RefusedError } from '../errors.ts';
import { answerText } from '../explain/questions.ts';
import type { Io } from '../io.ts';
import { oneLine } from '../../operator/core/printable.ts';
import type { Request } from '../request.ts';

type Answer = string | number | boolean;
export type Response = Record<string, Answer>;

/**
 * The answers to what the requests ask: those that were given, and at a terminal those that are needed besides. Undefined when there are none.
 * @throws RefusedError that names each answer which is missing, wrong or not asked for.
 */
export async function responseTo(
  requests: readonly Request[],
  given: ReadonlyMap<string, string>,
  ask: Io['ask'],
): Promise<Response | undefined> {
  const asked = questionsOf(requests);
  const faults: string[] = [];
  const response: Response = {};
  for (const [name, text] of given) {
    const question = asked.get(name);
    if (question === undefined) faults.push(`--answer ${oneLine(name)}: ${notAsked(asked)}`);
    else response[name] = answer(question, text);
  }
  for (const question of asked.values()) {
    const wanted = faults.length === 0 && question.required && !given.has(question.name);
    if (wanted && ask !== undefined) response[question.name] = await askFor(question, ask);
    else faults.push(...faultsOf(question, response));
  }
  if (faults.length > 0) throw new RefusedError(`${faults.join('\n')}\nNothing was sent.`);
  return Object.keys(response).length === 0 ? undefined : response;
}

/** What all of them ask, by name. @throws RefusedError where two ask something different by the same name. */
function questionsOf(requests: readonly Request[]): Map<string, Question> {
  const asked = new Map<string, { question: Question; by: Request }>();
  for (const request of requests) {
    for (const question of request.stored.spec.questions ?? []) {
      const same = asked.get(question.name);
      if (same === undefined) asked.set(question.name, { question, by: request });
      else if (!isSame(same.question, question)) {
        const both = `${same.by.name} and ${request.name}`;
        throw new RefusedError(`${both} ask different things by the name ${question.name}: decide them one by one. Nothing was sent.`);
      }
    }
  }
  return new Map([...asked].map(([name, { question }]) => [name, question]));
}

const isSame = (a: Question, b: Question): boolean =>
  (['question', 'type', 'required', 'pattern'] as const).every((field) => a[field] === b[field]) &&
  JSON.stringify(a.choices ?? []) === JSON.stringify(b.choices ?? []);

const notAsked = (asked: ReadonlyMap<string, Question>): string =>
  asked.size === 0 ? 'nothing is asked here; leave it out.' : `nobody asks that; the questions are ${[...asked.keys()].join(', ')}.`;

const number = /^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$/;
const booleans: Readonly<Record<string, boolean>> = { true: true, yes: true, y: true, false: false, no: false, n: false };

/** What was typed, as the type of the question has it; what is not of that type stays text, and is found wrong with everything else. */
function answer({ type }: Question, text: string): Answer {
  if (type === 'Number') return number.test(text.trim()) ? Number(text) : text;
  if (type === 'Boolean') return booleans[text.trim().toLowerCase()] ?? text;
  return text;
}

function faultsOf(question: Question, response: Response): string[] {
  const title = `--answer ${question.name}: `;
  return answerFaults([question], response).map(({ message }) =>
    Object.hasOwn(response, question.name)
      ? title + oneLine(message)
      : `${title}${oneLine(question.question)} (${answerText(question)}) is not answered.`,
  );
}

const mostTries = 3;

async function askFor(question: Question, ask: NonNullable<Io['ask']>): Promise<Answer> {
  const prompt = `${question.name}: ${oneLine(question.question)} (${answerText(question)}) `;
  let fault = '';
  for (let tries = 0; tries < mostTries; tries += 1) {
    const typed = answer(question, await ask(fault + prompt));
    const [wrong] = typed === '' ? ['it needs an answer'] : answerFaults([question], { [question.name]: typed }).map((f) => f.message);
    if (wrong === undefined) return typed;
    fault = `That will not do: ${oneLine(wrong)}.\n`;
  }
  throw new RefusedError(`${question.name} was not answered in ${mostTries} tries. Nothing was sent.`);
}
