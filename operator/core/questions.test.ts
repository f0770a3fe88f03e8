import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Question } from '../../crds/v1alpha1/index.ts';
import { answerCheck, answerFaults, answersTo, questionFaults, unknownAnswers, withBoundedResponses } from './questions.ts';

const ask = (name: string, type: Question['type'], more: Partial<Question> = {}): Question => ({
  name,
  type,
  question: `what of ${name}?`,
  required: false,
  ...more,
});

const text = ask('why', 'Text');
const account = ask('account', 'Text', { pattern: 'DE[0-9]+', required: true });
const amount = ask('amount', 'Number', { required: true });
const where = ask('where', 'Choice', { choices: ['staging', 'production'] });
const sure = ask('sure', 'Boolean', { required: true });

const said = (questions: readonly Question[], answers: Record<string, unknown> | undefined): string[] =>
  answerFaults(questions, answers).map(({ path, message }) => `${path} ${message}`);

describe('answerFaults', () => {
  it.each<[string, Question, unknown]>([
    ['a text', text, 'because'],
    ['an empty text that nobody needs', text, ''],
    ['a text that matches', account, 'DE42'],
    ['a number', amount, 12.5],
    ['zero', amount, 0],
    ['the largest number that loses nothing', amount, Number.MAX_SAFE_INTEGER],
    ['a choice', where, 'staging'],
    ['no', sure, false],
  ])('takes %s', (_name, question, answer) => {
    expect(said([question], { [question.name]: answer })).toEqual([]);
  });

  it.each<[string, Question, unknown, string]>([
    ['a number for a text', text, 1, 'spec.response.why was 1, expected a string'],
    ['a list for a text', text, ['a'], 'spec.response.why was a list, expected a string'],
    ['half a character', text, '\ud800', 'spec.response.why has half of a surrogate pair in it; expected Unicode text'],
    ['an empty text where one is needed', account, ' ', 'spec.response.account is empty; expected an answer'],
    ['a text that matches in part', account, 'xDE42', 'spec.response.account was "xDE42", expected all of it to match DE[0-9]+'],
    ['a second line', account, 'DE42\n', 'spec.response.account was "DE42\\n", expected all of it to match DE[0-9]+'],
    ['a number in quotes', amount, '12', 'spec.response.amount was "12", expected a number, without quotes'],
    ['no number', amount, Number.NaN, 'spec.response.amount was null, expected a number, without quotes'],
    ['more than there is', amount, Infinity, 'spec.response.amount was null, expected a number, without quotes'],
    ['a number that lost digits', amount, 2 ** 53, 'spec.response.amount was 9007199254740992, which is beyond 2^53'],
    ['another choice', where, 'Staging', 'spec.response.where was "Staging", expected one of "staging", "production"'],
    [
      'an object for a choice',
      where,
      { toString: 'staging' },
      'spec.response.where was an object, expected one of "staging", "production"',
    ],
    ['a yes in words', sure, 'true', 'spec.response.sure was "true", expected true or false, without quotes'],
    ['a needed answer that is null', sure, null, 'spec.response.sure is missing; expected true or false in answer to "what of sure?"'],
  ])('refuses %s', (_name, question, answer, expected) => {
    const [fault, ...more] = said([question], { [question.name]: answer });
    expect(fault).toContain(expected);
    expect(more).toEqual([]);
  });

  it('says of each needed answer that is missing what it should be', () => {
    expect(said([text, account, amount, sure], undefined)).toEqual([
      'spec.response.account is missing; expected a string in answer to "what of account?"',
      'spec.response.amount is missing; expected a number in answer to "what of amount?"',
      'spec.response.sure is missing; expected true or false in answer to "what of sure?"',
    ]);
    expect(said([text, where], {})).toEqual([]);
    expect(said([], undefined)).toEqual([]);
  });

  it.each(['constructor', 'valueof', 'tostring', 'hasownproperty'])('does not take for an answer to %s what every object has', (name) => {
    expect(said([ask(name, 'Text', { required: true })], {})).toHaveLength(1);
  });

  it('is not taken in by answers that replace what objects have', () => {
    const answers = JSON.parse('{"__proto__": {"sure": true}, "hasOwnProperty": 1}') as Record<string, unknown>;
    expect(said([sure], answers)).toEqual(['spec.response.sure is missing; expected true or false in answer to "what of sure?"']);
  });

  it('lets no answer pass that no pattern can judge', () => {
    expect(said([ask('a', 'Text', { pattern: '(' })], { a: 'x' })[0]).toContain('the pattern "(" is no regular expression');
    expect(said([ask('a', 'Text', { pattern: 'a)|(b' })], { a: 'a' })[0]).toContain('is no regular expression');
  });

  it.each(['a|b', '^a$|^b$', '(?i)A|B'])('has the whole text match %s', (pattern) => {
    const question = ask('a', 'Text', { pattern });
    expect(said([question], { a: 'a' })).toEqual([]);
    expect(said([question], { a: 'ab' })).toHaveLength(1);
  });

  it('is at most 16 KiB of JSON, in bytes', () => {
    const whole = (length: number, letter: string) => said([text], { why: letter.repeat(length) });
    const around = '{"why":""}'.length;
    expect(whole(16 * 1024 - around, 'x')).toEqual([]);
    expect(whole(16 * 1024 - around + 1, 'x')).toEqual(['spec.response has 16385 bytes of JSON; expected at most 16384']);
    expect(whole(9_000, 'é')[0]).toContain('expected at most 16384');
  });

  it('names what is nested too deep to be looked at', () => {
    let deep: unknown = 'x';
    for (let i = 0; i < 100_000; i += 1) deep = [deep];
    expect(said([text], { why: deep })).toEqual(['spec.response is nested too deep; expected answers by the names of the questions']);
  });

  it('quotes no more than fits a message', () => {
    expect(said([where], { where: 'x'.repeat(5_000) })[0]?.length).toBeLessThan(250);
  });

  it('never throws, and says the same each time, whatever is asked and answered', () => {
    const question = fc.record({
      name: fc.constantFrom('a', 'b', 'constructor'),
      question: fc.string(),
      type: fc.constantFrom<Question['type']>('Text', 'Number', 'Choice', 'Boolean'),
      required: fc.boolean(),
      choices: fc.array(fc.string()),
    });
    const answers = fc.dictionary(fc.constantFrom('a', 'b', 'constructor', '__proto__'), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(question), answers, (questions, given) => {
        const check = answerCheck(questions);
        expect(check(given)).toEqual(check(given));
        const needed = questions.filter((q) => q.required && !Object.hasOwn(given, q.name));
        expect(answerFaults(questions, given).length).toBeGreaterThanOrEqual(needed.length);
      }),
    );
  });
});

describe('unknownAnswers', () => {
  it('are those that none of the requests asks for', () => {
    expect(unknownAnswers([[text], undefined, [amount]], { why: 'x', amount: 1, amout: 2 })).toEqual([
      { path: 'spec.response.amout', message: 'nobody asks that; the questions are why, amount' },
    ]);
    expect(unknownAnswers([[text]], undefined)).toEqual([]);
  });

  it('do not exist where nothing is asked', () => {
    expect(unknownAnswers([undefined, []], { anything: { goes: true } })).toEqual([]);
  });
});

describe('answersTo', () => {
  it('returns the answers to what was asked, and everything where nothing was', () => {
    expect(answersTo([text, sure], { why: 'x', other: 1 })).toEqual({ why: 'x' });
    expect(answersTo([text], { other: 1 })).toBeUndefined();
    expect(answersTo([], { other: 1 })).toEqual({ other: 1 });
    expect(answersTo([text], undefined)).toBeUndefined();
  });
});

describe('withBoundedResponses', () => {
  const record = (name: string, bytes: number) => ({ name, response: { x: 'x'.repeat(bytes - '{"x":""}'.length) } });

  it('keeps the latest answers, and every record', () => {
    const records = Array.from({ length: 100 }, (_, i) => record(`d-${i}`, 16 * 1024));
    const kept = withBoundedResponses(records);
    expect(kept.map((r) => r.name)).toEqual(records.map((r) => r.name));
    expect(kept.flatMap((r) => ('response' in r ? [r.name] : []))).toEqual(records.slice(-16).map((r) => r.name));
    expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThan(300 * 1024);
  });

  it('drops what is larger than answers may be, and nothing of what fits', () => {
    const small: { name: string; response?: { x: string } }[] = [{ name: 'a' }, record('b', 100), record('c', 16 * 1024)];
    expect(withBoundedResponses(small)).toEqual(small);
    expect(withBoundedResponses([record('a', 16 * 1024 + 1)])).toEqual([{ name: 'a' }]);
  });
});

describe('questionFaults', () => {
  it('names the pattern that is none', () => {
    expect(questionFaults([text, account])).toEqual([]);
    const [fault, ...more] = questionFaults([text, ask('a', 'Text', { pattern: '[' })]);
    expect(fault?.path).toBe('spec.questions[1].pattern');
    expect(fault?.message).toMatch(/^was "\[", expected an RE2 regular expression: /);
    expect(more).toEqual([]);
    expect(questionFaults([ask('a', 'Text', { pattern: '(?=a)' })])).toHaveLength(1);
  });
});
