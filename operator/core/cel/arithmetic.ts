import { Failure, noOverload } from './faults.ts';
import type { Meter } from './meter.ts';
import { Duration, durationOf, Timestamp, timestampOf } from './time.ts';
import { Items, isFailure, List, maxInt, maxUint, minInt, type Result, typeOf, Uint, type Value } from './values.ts';

type Whole = (a: bigint, b: bigint) => bigint | Failure;

const overflow = new Failure('integer overflow');

const whole: Readonly<Record<string, Whole>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0n ? new Failure('division by zero') : a / b),
  // The smallest int divided by -1 does not fit, so its remainder is an overflow as well.
  '%': (a, b) => (b === 0n ? new Failure('modulus by zero') : a === minInt && b === -1n ? overflow : a % b),
};

const fractional: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

/** `+`, `-`, `*`, `/` and `%`. Whole numbers do not wrap around: they fail. */
export function calculate(operator: string, a: Value, b: Value, meter: Meter): Result {
  if (typeof a === 'bigint' && typeof b === 'bigint') return intOf(whole[operator]?.(a, b) ?? none(operator, a, b));
  if (typeof a === 'number' && typeof b === 'number') return fractional[operator]?.(a, b) ?? none(operator, a, b);
  if (a instanceof Uint && b instanceof Uint) return uintOf(whole[operator]?.(a.value, b.value) ?? none(operator, a, b));
  if (operator === '+') return sum(a, b, meter) ?? sumOfTimes(a, b) ?? none(operator, a, b);
  return (operator === '-' ? differenceOfTimes(a, b) : undefined) ?? none(operator, a, b);
}

const none = (operator: string, a: Value, b: Value): Failure => noOverload(operator, typeOf(a), typeOf(b));

/** An int that fits in 64 bits. */
export function intOf(value: bigint | Failure): bigint | Failure {
  return value instanceof Failure || (value >= minInt && value <= maxInt) ? value : overflow;
}

/** A uint that fits in 64 bits. */
export function uintOf(value: bigint | Failure): Uint | Failure {
  if (value instanceof Failure) return value;
  return value >= 0n && value <= maxUint ? new Uint(value) : new Failure('unsigned integer overflow');
}

/** What is put together is paid for by its length before it exists. */
function sum(a: Value, b: Value, meter: Meter): Result | undefined {
  if (typeof a === 'string' && typeof b === 'string') {
    meter.chargeText(a.length + b.length);
    return a + b;
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    meter.chargeText(a.length + b.length);
    const joined = new Uint8Array(a.length + b.length);
    joined.set(a);
    joined.set(b, a.length);
    return joined;
  }
  return a instanceof List && b instanceof List ? joinedLists(a, b, meter) : undefined;
}

function joinedLists(a: List, b: List, meter: Meter): Result {
  meter.charge(a.size + b.size);
  const items: Value[] = [];
  for (const list of [a, b]) {
    for (let i = 0; i < list.size; i += 1) {
      const item = list.at(i);
      if (isFailure(item)) return item;
      items.push(item);
    }
  }
  return new Items(items);
}

function sumOfTimes(a: Value, b: Value): Result | undefined {
  if (a instanceof Duration && b instanceof Duration) return durationOf(a.nanos + b.nanos);
  if (a instanceof Timestamp && b instanceof Duration) return timestampOf(a.nanos + b.nanos);
  return a instanceof Duration && b instanceof Timestamp ? timestampOf(a.nanos + b.nanos) : undefined;
}

function differenceOfTimes(a: Value, b: Value): Result | undefined {
  if (a instanceof Duration && b instanceof Duration) return durationOf(a.nanos - b.nanos);
  if (a instanceof Timestamp && b instanceof Timestamp) return durationOf(a.nanos - b.nanos);
  return a instanceof Timestamp && b instanceof Duration ? timestampOf(a.nanos - b.nanos) : undefined;
}

/** Unary `-`. */
export function negate(value: Value): Result {
  if (typeof value === 'number') return -value;
  return typeof value === 'bigint' ? intOf(-value) : noOverload('-', typeOf(value));
}
