import { describe, expect, it } from 'vitest';
import type { Question } from '../../crds/v1alpha1/index.ts';
import { answersOf } from '../arguments/answers.ts';
import { exampleRequest } from '../example.ts';
import { responseTo } from './answers.ts';

const ask = (name: string, type: Question['type'], more: Partial<Question> = {}): Question => ({
  name,
  type,
  question: `what of ${name}?`,
  required: false,
  ...more,
});

const amount = ask('amount', 'Number', { required: true });
const where = ask('where', 'Choice', { choices: ['staging', 'production'], required: true });
const sure = ask('sure', 'Boolean');
const why = ask('why', 'Text', { pattern: '[a-z]+' });

const asking = (...questions: Question[]) => exampleRequest({ spec: { questions } });
const nobody = undefined;

/** Somebody at a terminal who types these lines, and what they were asked. */
function typing(...lines: string[]): { answers: (question: string) => Promise<string>; asked: string[] } {
  const asked: string[] = [];
  return { asked, answers: (question) => Promise.resolve((asked.push(question), lines[asked.length - 1] ?? '')) };
}

describe('answersOf', () => {
  it('reads names and values; a value may have = in it, and be empty', () => {
    expect([...answersOf(['a=1', 'b=x=y', 'c='])]).toEqual([
      ['a', '1'],
      ['b', 'x=y'],
      ['c', ''],
    ]);
  });

  it.each([
    [['a'], '--answer is "a"; expected NAME=VALUE, such as amount=50000.'],
    [['=a'], '--answer is "=a"; expected NAME=VALUE'],
    [['a=1', 'a=2'], '--answer a=… is there twice; a question has one answer.'],
  ])('refuses %j', (texts, message) => {
    expect(() => answersOf(texts)).toThrow(message);
  });
});

describe('responseTo', () => {
  it.each<[Question, string, unknown]>([
    [amount, '50000', 50000],
    [amount, '-1.5e3', -1500],
    [sure, 'yes', true],
    [sure, 'False', false],
    [where, 'staging', 'staging'],
    [why, 'because', 'because'],
    [ask('n', 'Text'), '007', '007'],
  ])('types an answer to %j: %s', async (question, text, value) => {
    const given = new Map([[question.name, text]]);
    expect(await responseTo([asking(question)], given, nobody)).toEqual({ [question.name]: value });
  });

  it.each<[Question, string, string]>([
    [amount, '12 apples', '--answer amount: was "12 apples", expected a number'],
    [amount, '', '--answer amount: was "", expected a number'],
    [amount, '0x10', 'expected a number'],
    [amount, '9007199254740993', 'beyond 2^53'],
    [sure, 'perhaps', '--answer sure: was "perhaps", expected true or false'],
    [where, 'prod', '--answer where: was "prod", expected one of "staging", "production"'],
    [why, 'Because', '--answer why: was "Because", expected all of it to match [a-z]+'],
  ])('refuses an answer to %j: %s', async (question, text, message) => {
    await expect(responseTo([asking(question)], new Map([[question.name, text]]), nobody)).rejects.toThrow(message);
  });

  it('names all that is wrong at once, and asks nothing then', async () => {
    const terminal = typing('1');
    const given = new Map([
      ['amout', '1'],
      ['sure', 'x'],
    ]);
    await expect(responseTo([asking(amount, sure)], given, terminal.answers)).rejects.toThrow(
      '--answer amout: nobody asks that; the questions are amount, sure.\n' +
        '--answer amount: what of amount? (a number) is not answered.\n' +
        '--answer sure: was "x", expected true or false, without quotes\nNothing was sent.',
    );
    expect(terminal.asked).toEqual([]);
  });

  it('asks nothing where no terminal is, and says what is missing', async () => {
    await expect(responseTo([asking(amount, where)], new Map(), nobody)).rejects.toThrow(
      '--answer amount: what of amount? (a number) is not answered.\n--answer where: what of where? (one of staging, production) is not answered.\n',
    );
  });

  it('asks at a terminal for what is needed, and again for what will not do', async () => {
    const terminal = typing('many', '', '3', 'staging');
    expect(await responseTo([asking(amount, where, why)], new Map(), terminal.answers)).toEqual({ amount: 3, where: 'staging' });
    expect(terminal.asked).toEqual([
      'amount: what of amount? (a number) ',
      'That will not do: was "many", expected a number, without quotes.\namount: what of amount? (a number) ',
      'That will not do: it needs an answer.\namount: what of amount? (a number) ',
      'where: what of where? (one of staging, production) ',
    ]);
  });

  it('gives up when nothing will do', async () => {
    await expect(responseTo([asking(amount)], new Map(), typing().answers)).rejects.toThrow(
      'amount was not answered in 3 tries. Nothing was sent.',
    );
  });

  it('spells out what could move the cursor', async () => {
    const terminal = typing('1');
    await responseTo([asking({ ...amount, question: 'a\u001b[2Jb' })], new Map(), terminal.answers);
    expect(terminal.asked[0]).toContain('a\\u001b[2Jb');
  });

  it('answers several requests together, unless they ask different things by one name', async () => {
    const given = new Map([
      ['amount', '1'],
      ['why', 'x'],
    ]);
    expect(await responseTo([asking(amount), asking(why, amount), asking()], given, nobody)).toEqual({ amount: 1, why: 'x' });
    const other = asking({ ...amount, question: 'how many?' });
    await expect(responseTo([asking(amount), other], given, nobody)).rejects.toThrow(
      'ask different things by the name amount: decide them one by one.',
    );
  });

  it('is nothing where nothing is asked', async () => {
    expect(await responseTo([asking(), asking(sure)], new Map(), nobody)).toBeUndefined();
    await expect(responseTo([asking()], new Map([['a', '1']]), nobody)).rejects.toThrow('--answer a: nothing is asked here; leave it out.');
  });
});
