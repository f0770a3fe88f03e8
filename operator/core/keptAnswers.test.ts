import { beforeEach, describe, expect, it } from 'vitest';
import { KeptAnswers } from './keptAnswers.ts';

let now: number;
let asked: string[];
let answers: KeptAnswers<string>;
beforeEach(() => {
  now = 1_000;
  asked = [];
  answers = new KeptAnswers({ keepMs: 10, most: 2, now: () => now, keeps: (answer) => answer !== 'perhaps' });
});

const ask = (question: string, answer: () => Promise<string> = () => Promise.resolve('yes')): Promise<string> =>
  answers.to(question, () => {
    asked.push(question);
    return answer();
  });

describe('an answer', () => {
  it('is believed for so long, and then asked for again', async () => {
    await ask('a');
    now += 9;
    expect(await ask('a')).toBe('yes');
    expect(asked).toEqual(['a']);
    now += 1;
    await ask('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('is shared while it is on its way', async () => {
    expect(await Promise.all([ask('a'), ask('a'), ask('b')])).toEqual(['yes', 'yes', 'yes']);
    expect(asked).toEqual(['a', 'b']);
  });

  it('makes room for newer ones', async () => {
    for (const question of ['a', 'b', 'c', 'b', 'a']) await ask(question);
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
  });

  it.each<[string, (fail: (error: Error) => void, say: (answer: string) => void) => void]>([
    ['fails', (fail) => fail(new Error('away'))],
    ['is not worth keeping', (_fail, say) => say('perhaps')],
  ])('stays kept when an older one, which took too long, %s', async (_what, ends) => {
    const late = Promise.withResolvers<string>();
    const first = ask('a', () => late.promise).catch(() => 'failed');
    now += 10;
    await ask('a');
    ends(late.reject, late.resolve);
    await first;
    expect(await ask('a')).toBe('yes');
    expect(asked).toEqual(['a', 'a']);
  });

  it('is not kept where it is not worth it', async () => {
    expect(await ask('a', () => Promise.resolve('perhaps'))).toBe('perhaps');
    expect(await ask('a')).toBe('yes');
  });
});

describe('a failure', () => {
  it('is told to whoever asked, and kept for nobody', async () => {
    await expect(ask('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await ask('a')).toBe('yes');
  });

  it('to ask at all keeps nothing either', async () => {
    const failing = (): Promise<string> => {
      throw new Error('too many');
    };
    expect(() => ask('a', failing)).toThrow('too many');
    expect(await ask('a')).toBe('yes');
  });
});
