import { describe, expect, it } from 'vitest';
import { Problem } from './problem.ts';
import { parseStrictJson } from './strictJson.ts';

function refusal(text: string): { status: number; message: string } {
  try {
    parseStrictJson(text);
  } catch (error) {
    if (error instanceof Problem) return { status: error.status, message: error.message };
    throw error;
  }
  throw new Error(`${text} was taken`);
}

describe('strict JSON', () => {
  it.each(['{"a":[1,-2.5,true,null,"é"]}', '9007199254740991', '1e3', '0.1', '"\\ud83d\\ude00"', '[]'])('takes %s as it is', (text) => {
    expect(parseStrictJson(text)).toEqual(JSON.parse(text));
  });

  it.each(['', ' ', '{', "{'a':1}", '{"a":1,}', 'NaN', '[1] 2', '\u0000'])('says 400 to what is no JSON: %j', (text) => {
    expect(refusal(text).status).toBe(400);
  });

  it.each<[string, string, RegExp]>([
    ['a key that is there twice', '{"a":{"b":1,"b":2}}', /^body\.a\.b is there twice/],
    ['the same key in another spelling', '{"a":1,"\\u0061":2}', /^body\.a is there twice/],
    ['half of a surrogate pair', '{"a":["\\ud83d"]}', /^body\.a\[0\] has half of a surrogate pair/],
    ['half of a surrogate pair in a key', '{"\\udc00":1}', /^body has half of a surrogate pair/],
    ['a NUL character', '{"a":"x\\u0000"}', /^body\.a has a NUL character/],
    ['an integer beyond 2^53', '{"a":9007199254740993}', /^body\.a is an integer beyond/],
    ['one that is below', '[-9007199254740993]', /^body\[0\] is an integer beyond/],
    ['a number beyond all', '1e999', /^body is an integer beyond/],
    ['a key __proto__', '{"a":{"__proto__":1}}', /^body\.a has a key __proto__/],
    ['what is nested too deep', `${'['.repeat(66)}${']'.repeat(66)}`, /is nested deeper than 64 levels/],
  ])('says 422 to %s, and where', (_what, text, sentence) => {
    expect(refusal(text)).toEqual({ status: 422, message: expect.stringMatching(sentence) as string });
  });

  it('reads a list of more items than a call can have arguments', () => {
    expect(parseStrictJson(`[${'1,'.repeat(200_000)}1]`)).toHaveLength(200_001);
  });

  it('does not end by what is nested deeper than its own stack', () => {
    expect(refusal(`${'['.repeat(100_000)}${']'.repeat(100_000)}`).status).toBe(422);
  });
});
