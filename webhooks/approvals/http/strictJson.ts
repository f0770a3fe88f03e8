import { duplicateKey } from '../../../operator/core/duplicateKey.ts';
import { Problem } from './problem.ts';

/** Nothing that people ask for is nested deeper; whoever reads it later may do so by recursion. */
const deepest = 64;

/**
 * Reads JSON that may be digested and signed. What two readers could understand differently is refused: keys that are there twice, halves of surrogate
 * pairs, integers that a double cannot hold.
 * @throws Problem 400 when it is no JSON, 422 when it is such JSON.
 */
export function parseStrictJson(text: string): unknown {
  const value = parse(text);
  const twice = duplicateKey(text);
  if (twice !== undefined) throw unclear(`body.${twice}`, 'is there twice, and readers differ in which of the two they take; send it once');
  const queue: Placed[] = [{ at: 'body', value, depth: 0 }];
  for (let placed = queue.pop(); placed !== undefined; placed = queue.pop()) for (const inner of checked(placed)) queue.push(inner);
  return value;
}

interface Placed {
  readonly at: string;
  readonly value: unknown;
  readonly depth: number;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const was = text.trim() === '' ? 'is empty' : 'is no JSON';
    throw new Problem(400, 'not-json', `The body ${was}; expected one JSON value as RFC 8259 has it.`);
  }
}

/** Checks one value; what is in it is answered, to be checked next. */
function checked({ at, value, depth }: Placed): Placed[] {
  if (depth > deepest) throw unclear(at.slice(0, 100), `is nested deeper than ${deepest} levels; flatten it`);
  if (typeof value === 'string') checkText(at, value);
  if (typeof value === 'number') checkNumber(at, value);
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return (value as unknown[]).map((item, index) => ({ at: `${at}[${index}]`, value: item, depth: depth + 1 }));
  return Object.entries(value as Record<string, unknown>).map(([key, inner]) => {
    checkText(at, key);
    if (key === '__proto__') throw unclear(at, 'has a key __proto__, which many readers mistake; name it otherwise');
    return { at: `${at}.${key}`, value: inner, depth: depth + 1 };
  });
}

function checkText(at: string, text: string): void {
  if (!text.isWellFormed()) throw unclear(at, 'has half of a surrogate pair, which is no text; expected whole characters');
  if (text.includes('\u0000')) throw unclear(at, 'has a NUL character; leave it out');
}

function checkNumber(at: string, number: number): void {
  const isExact = !Number.isInteger(number) || Number.isSafeInteger(number);
  if (!isExact || !Number.isFinite(number))
    throw unclear(at, 'is an integer beyond ±9007199254740991 (2^53 - 1), which readers round; send it as text');
}

const unclear = (field: string, message: string): Problem =>
  new Problem(422, 'ambiguous-json', `${field.toWellFormed()} ${message}.`, { fields: [{ field: field.toWellFormed(), message }] });
