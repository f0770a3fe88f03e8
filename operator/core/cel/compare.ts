import { Failure, noOverload } from './faults.ts';
import type { Meter } from './meter.ts';
import { Duration, Timestamp } from './time.ts';
import { Dict, isFailure, List, type Result, TypeName, typeOf, Uint, type Value } from './values.ts';

/**
 * Whether two values are equal. Values of different types are not, save for numbers, which compare by what they are worth: 1 and 1.0 are equal.
 * A failure where an item cannot be read.
 */
export function equals(a: Value, b: Value, meter: Meter): boolean | Failure {
  meter.charge(1);
  const x = numberOf(a);
  const y = numberOf(b);
  if (x !== undefined || y !== undefined) return x !== undefined && y !== undefined && orderOfNumbers(x, y) === 0;
  if (typeof a === 'string') {
    if (typeof b === 'string') meter.charge(Math.min(a.length, b.length) / 64);
    return a === b;
  }
  if (a === null || b === null || typeof a === 'boolean') return a === b;
  if (a instanceof List) return b instanceof List && listsEqual(a, b, meter);
  if (a instanceof Dict) return b instanceof Dict && dictsEqual(a, b, meter);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && orderOfBytes(a, b, meter) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  return a instanceof TypeName && b instanceof TypeName && a.name === b.name;
}

/** A number of whichever type; undefined for anything else. */
function numberOf(value: Value): number | bigint | undefined {
  if (value instanceof Uint) return value.value;
  return typeof value === 'number' || typeof value === 'bigint' ? value : undefined;
}

function listsEqual(a: List, b: List, meter: Meter): boolean | Failure {
  if (a.size !== b.size) return false;
  for (let i = 0; i < a.size; i += 1) {
    const same = resultsEqual(a.at(i), b.at(i), meter);
    if (same !== true) return same;
  }
  return true;
}

function dictsEqual(a: Dict, b: Dict, meter: Meter): boolean | Failure {
  const keys = a.keys();
  meter.charge(keys.length);
  if (keys.length !== b.size) return false;
  for (const key of keys) {
    const other = b.get(key);
    if (other === undefined) return false;
    const same = resultsEqual(a.get(key) ?? null, other, meter);
    if (same !== true) return same;
  }
  return true;
}

function resultsEqual(a: Result, b: Result, meter: Meter): boolean | Failure {
  if (isFailure(a)) return a;
  return isFailure(b) ? b : equals(a, b, meter);
}

/** Whether a value is among the items of a list, or a key of a map. */
export function isIn(value: Value, container: Value, meter: Meter): Result {
  if (container instanceof Dict) return container.get(value) !== undefined;
  if (!(container instanceof List)) return noOverload('in', typeOf(value), typeOf(container));
  let failure: Failure | undefined;
  for (let i = 0; i < container.size; i += 1) {
    const same = resultsEqual(value, container.at(i), meter);
    if (same === true) return true;
    if (same instanceof Failure) failure ??= same;
  }
  return failure ?? false;
}

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** `<`, `<=`, `>` and `>=` of two numbers of whichever types, or of two values of one type that has an order. */
export function compare(operator: string, a: Value, b: Value, meter: Meter): Result {
  const order = orderOf(a, b, meter);
  if (order === undefined) return noOverload(operator, typeOf(a), typeOf(b));
  if (Number.isNaN(order)) return new Failure('NaN values cannot be ordered');
  return orders[operator]?.(order) ?? noOverload(operator, typeOf(a), typeOf(b));
}

/** Negative, 0 or positive; NaN when one of them is; undefined when the two have no order. */
function orderOf(a: Value, b: Value, meter: Meter): number | undefined {
  const x = numberOf(a);
  const y = numberOf(b);
  if (x !== undefined && y !== undefined) return orderOfNumbers(x, y);
  if (typeof a === 'string' && typeof b === 'string') {
    meter.charge(Math.min(a.length, b.length) / 8);
    return orderOfStrings(a, b);
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return orderOfBytes(a, b, meter);
  if (a instanceof Timestamp && b instanceof Timestamp) return orderOfNumbers(a.nanos, b.nanos);
  if (a instanceof Duration && b instanceof Duration) return orderOfNumbers(a.nanos, b.nanos);
  return undefined;
}

/** An int and a double are compared as doubles, as the API server compares them. */
function orderOfNumbers(a: number | bigint, b: number | bigint): number {
  const areDoubles = typeof a === 'number' || typeof b === 'number';
  const x = areDoubles ? Number(a) : a;
  const y = areDoubles ? Number(b) : b;
  if (x < y) return -1;
  if (x > y) return 1;
  return x >= y ? 0 : Number.NaN;
}

/** By code points, as Go and UTF-8 order them; JavaScript's own order puts U+FFFD after U+1F600. */
function orderOfStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

function orderOfBytes(a: Uint8Array, b: Uint8Array, meter: Meter): number {
  meter.charge(Math.min(a.length, b.length) / 8);
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}
