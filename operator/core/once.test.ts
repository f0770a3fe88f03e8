import { expect, it } from 'vitest';
import { once } from './once.ts';

it('finds each answer out once', () => {
  const asked: string[] = [];
  const answer = once((question: string) => {
    asked.push(question);
    return { question };
  });
  expect(answer('a')).toBe(answer('a'));
  expect(answer('b')).toEqual({ question: 'b' });
  expect(asked).toEqual(['a', 'b']);
});

it('takes questions for one that have one key', () => {
  const answer = once(
    (question: readonly string[]) => ({ first: question }),
    (question) => question.join(' '),
  );
  expect(answer(['a', 'b'])).toBe(answer(['a', 'b']));
  expect(answer(['b', 'a']).first).toEqual(['b', 'a']);
});
