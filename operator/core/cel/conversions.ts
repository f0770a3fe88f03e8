import { intOf, uintOf } from './arithmetic.ts';
import { Failure, noOverload } from './faults.ts';
import type { Meter } from './meter.ts';
import { Duration, parseDuration, parseTimestamp, secondsOf, Timestamp, timestampOfSeconds } from './time.ts';
import { Dict, List, type Result, TypeName, typeOf, Uint, type Value } from './values.ts';

type Conversion = (value: Value, meter: Meter) => Result;

/** The global functions of one argument, by name. */
export const conversions: Readonly<Record<string, Conversion>> = {
  bool: toBool,
  bytes: toBytes,
  double: toDouble,
  duration: (value) =>
    typeof value === 'string' ? parseDuration(value) : value instanceof Duration ? value : noOverload('duration', typeOf(value)),
  dyn: (value) => value,
  int: toInt,
  size: sizeOf,
  string: toText,
  timestamp: toTimestamp,
  type: (value) => new TypeName(typeOf(value)),
  uint: toUint,
};

const wrong = (to: string, value: string): Failure =>
  new Failure(`type conversion error: ${JSON.stringify(value.slice(0, 64))} is no ${to}`);

function toBool(value: Value): Result {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return noOverload('bool', typeOf(value));
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value) ? false : wrong('bool', value);
}

function toInt(value: Value): Result {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return wholePart(value, 'integer overflow', (part) => intOf(part));
  if (value instanceof Uint) return intOf(value.value);
  if (value instanceof Timestamp) return secondsOf(value);
  if (typeof value !== 'string') return noOverload('int', typeOf(value));
  return /^[+-]?\d{1,30}$/.test(value) ? intOf(BigInt(value.replace('+', ''))) : wrong('int', value);
}

function toUint(value: Value): Result {
  if (value instanceof Uint) return value;
  if (typeof value === 'bigint') return uintOf(value);
  if (typeof value === 'number') return wholePart(value, 'unsigned integer overflow', uintOf);
  if (typeof value !== 'string') return noOverload('uint', typeOf(value));
  return /^\d{1,30}$/.test(value) ? uintOf(BigInt(value)) : wrong('uint', value);
}

/** 2^63 as a double is not below 2^63, but its neighbour is rounded to it: the limits themselves are refused, as cel-go refuses them. */
function wholePart(value: number, overflow: string, fit: (part: bigint) => Result): Result {
  const isInside = Number.isFinite(value) && value > -(2 ** 63) && value < 2 ** 64;
  return isInside ? fit(BigInt(Math.trunc(value))) : new Failure(overflow);
}

function toDouble(value: Value): Result {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value !== 'string') return noOverload('double', typeOf(value));
  const special = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i.exec(value);
  if (special !== null) return special[2] === undefined ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
  const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value) ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : wrong('double', value);
}

function toTimestamp(value: Value): Result {
  if (value instanceof Timestamp) return value;
  if (typeof value === 'bigint') return timestampOfSeconds(value);
  return typeof value === 'string' ? parseTimestamp(value) : noOverload('timestamp', typeOf(value));
}

function toBytes(value: Value, meter: Meter): Result {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') return noOverload('bytes', typeOf(value));
  meter.chargeText(value.length);
  return new TextEncoder().encode(value);
}

function toText(value: Value, meter: Meter): Result {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return textOfDouble(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp || value instanceof Duration) return value.toString();
  if (!(value instanceof Uint8Array)) return noOverload('string', typeOf(value));
  meter.chargeText(value.length);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return new Failure('invalid UTF-8 in bytes, cannot convert to string');
  }
}

/** As Go prints a double: with an exponent from 1e+06 on and below 1e-04. */
function textOfDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function sizeOf(value: Value, meter: Meter): Result {
  if (typeof value === 'string') {
    meter.chargeText(value.length);
    return BigInt(lengthOf(value));
  }
  if (value instanceof Uint8Array) return BigInt(value.length);
  if (value instanceof List) return BigInt(value.size);
  if (!(value instanceof Dict)) return noOverload('size', typeOf(value));
  const { size } = value;
  meter.charge(size);
  return BigInt(size);
}

/** In code points, as CEL counts. */
export function lengthOf(text: string): number {
  let length = text.length;
  for (let i = 1; i < text.length; i += 1) {
    if (isPair(text, i - 1)) length -= 1;
  }
  return length;
}

/** Whether the two code units from here on are one code point. */
export function isPair(text: string, at: number): boolean {
  const high = text.charCodeAt(at);
  const low = text.charCodeAt(at + 1);
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}
