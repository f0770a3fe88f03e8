import { isPair, lengthOf } from './conversions.ts';
import { Failure } from './faults.ts';
import type { Meter } from './meter.ts';
import { Items, isFailure, type List, type Result, type Value } from './values.ts';

/** Undefined where it is not for such arguments. */
type StringMethod = (text: string, args: readonly Value[], meter: Meter) => Result | undefined;

/** The methods of strings, as Kubernetes has them. Positions count code points. */
const methods: Readonly<Record<string, StringMethod>> = {
  charAt: (text, [at]) => (typeof at === 'bigint' ? charAt(text, at) : undefined),
  contains: (text, [part]) => (typeof part === 'string' ? text.includes(part) : undefined),
  endsWith: (text, [part]) => (typeof part === 'string' ? text.endsWith(part) : undefined),
  indexOf: (text, [part, from]) => (typeof part === 'string' ? indexOf(text, part, from) : undefined),
  lastIndexOf: (text, [part, from]) => (typeof part === 'string' ? lastIndexOf(text, part, from) : undefined),
  lowerAscii: (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  replace,
  split,
  startsWith: (text, [part]) => (typeof part === 'string' ? text.startsWith(part) : undefined),
  substring: (text, [from, to]) => substring(text, from, to),
  trim: (text) => text.replace(leadingSpace, '').replace(trailingSpace, ''),
  upperAscii: (text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
};

/** Calls a method of a string. Paid for in advance; searching is at worst one length times the other. */
export function callOfString(name: string, text: string, args: readonly Value[], meter: Meter): Result | undefined {
  const longest = args.reduce((most: number, arg) => (typeof arg === 'string' ? Math.max(most, arg.length) : most), 0);
  meter.chargeText(text.length);
  meter.charge((text.length * longest) / 64);
  return methods[name]?.(text, args, meter);
}

// White space as Unicode and Go define it; JavaScript's \s has U+FEFF instead of U+0085.
const space = '[\\t\\n\\v\\f\\r\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const leadingSpace = new RegExp(`^${space}+`);
// The look-behind keeps it linear: it is tried only where a run begins.
const trailingSpace = new RegExp(`(?<!${space})${space}+$`);

const outOfRange = (at: bigint): Failure => new Failure(`index out of range: ${at}`);

/** The code unit at which this code point begins, or where the text ends; undefined when the text has fewer. */
function unitOf(text: string, point: bigint): number | undefined {
  if (point < 0n || point > BigInt(text.length)) return undefined;
  let unit = 0;
  for (let left = Number(point); left > 0; left -= 1) {
    if (unit >= text.length) return undefined;
    unit += isPair(text, unit) ? 2 : 1;
  }
  return unit;
}

/** The code point that this code unit begins; -1 for what was not found. */
const pointOf = (text: string, unit: number): bigint => (unit < 0 ? -1n : BigInt(lengthOf(text.slice(0, unit))));

function charAt(text: string, at: bigint): Result {
  const unit = unitOf(text, at);
  return unit === undefined ? outOfRange(at) : text.slice(unit, unit + (isPair(text, unit) ? 2 : 1));
}

function indexOf(text: string, part: string, from: Value | undefined): Result | undefined {
  if (from === undefined) return pointOf(text, text.indexOf(part));
  if (typeof from !== 'bigint') return undefined;
  if (part === '') return from;
  if (from < 0n) return outOfRange(from);
  const start = unitOf(text, from);
  return start === undefined ? -1n : pointOf(text, text.indexOf(part, start));
}

function lastIndexOf(text: string, part: string, from: Value | undefined): Result | undefined {
  if (from === undefined) return pointOf(text, text.lastIndexOf(part));
  if (typeof from !== 'bigint') return undefined;
  if (part === '') return from;
  if (from < 0n) return outOfRange(from);
  const start = unitOf(text, from);
  return start === undefined || start === text.length ? -1n : pointOf(text, text.lastIndexOf(part, start));
}

function substring(text: string, from: Value | undefined, to: Value | undefined): Result | undefined {
  if (typeof from !== 'bigint' || (to !== undefined && typeof to !== 'bigint')) return undefined;
  const start = unitOf(text, from);
  if (start === undefined) return outOfRange(from);
  const end = to === undefined ? text.length : unitOf(text, to);
  if (end === undefined) return outOfRange(to ?? 0n);
  return start <= end ? text.slice(start, end) : new Failure(`invalid substring range. start: ${from}, end: ${to ?? ''}`);
}

/** How many a limit allows; undefined when it is no int. */
function limitOf(limit: Value | undefined): number | undefined {
  if (limit === undefined) return Infinity;
  if (typeof limit !== 'bigint') return undefined;
  return limit < 0n ? Infinity : Number(limit);
}

function split(text: string, [separator, limit]: readonly Value[], meter: Meter): Result | undefined {
  const most = limitOf(limit);
  if (typeof separator !== 'string' || most === undefined) return undefined;
  meter.charge(text.length);
  return new Items(most === 0 ? [] : pieces(text, separator, most));
}

/** At most so many pieces, the last of which keeps the separators that are left. An empty separator splits into code points. */
function pieces(text: string, separator: string, most: number): string[] {
  const all = separator === '' ? pointsOf(text) : text.split(separator);
  return all.length <= most ? all : [...all.slice(0, most - 1), all.slice(most - 1).join(separator)];
}

function replace(text: string, [old, by, limit]: readonly Value[], meter: Meter): Result | undefined {
  const most = limitOf(limit);
  if (typeof old !== 'string' || typeof by !== 'string' || most === undefined) return undefined;
  meter.charge(text.length);
  const between = old === '' ? betweenPoints(text, most) : pieces(text, old, most + 1);
  meter.chargeText(text.length + between.length * by.length);
  return between.join(by);
}

/** Code points, which is what CEL calls characters. */
const pointsOf = (text: string): string[] => Array.from(text);

/** An empty string is found before every character and after the last. */
function betweenPoints(text: string, most: number): string[] {
  const points = ['', ...pointsOf(text), ''];
  return points.length - 1 <= most ? points : [...points.slice(0, most), points.slice(most).join('')];
}

/** `join` of a list of strings. */
export function join(list: List, separator: string, meter: Meter): Result {
  meter.charge(list.size);
  const texts: string[] = [];
  for (let i = 0; i < list.size; i += 1) {
    const item = list.at(i);
    if (isFailure(item)) return item;
    if (typeof item !== 'string') return new Failure('join: expected a list of strings');
    meter.chargeText(item.length + separator.length);
    texts.push(item);
  }
  return texts.join(separator);
}
