import { expect, it } from 'vitest';
import { keepNewest } from './keepNewest.ts';

const kept = (...keys: string[]): string[] => {
  const map = new Map<string, number>();
  keys.forEach((key, at) => keepNewest(map, key, at, 3));
  return [...map].map(([key, at]) => `${key}${at}`);
};

it('keeps everything while there is room', () => {
  expect(kept('a', 'b', 'c')).toEqual(['a0', 'b1', 'c2']);
});

it('forgets the oldest where there is none', () => {
  expect(kept('a', 'b', 'c', 'd', 'e')).toEqual(['c2', 'd3', 'e4']);
});

it('forgets nothing for a key that is there, which is the newest from then on', () => {
  expect(kept('a', 'b', 'c', 'a')).toEqual(['b1', 'c2', 'a3']);
  expect(kept('a', 'b', 'c', 'a', 'd')).toEqual(['c2', 'a3', 'd4']);
});

it('forgets as many as it takes', () => {
  const map = new Map(['a', 'b', 'c', 'd'].map((key) => [key, 0]));
  keepNewest(map, 'e', 0, 2);
  expect([...map.keys()]).toEqual(['d', 'e']);
});
