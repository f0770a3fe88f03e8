import { Failure } from './faults.ts';

const second = 1_000_000_000n;
const unitNanos: Readonly<Record<string, bigint>> = {
  h: 3600n * second,
  m: 60n * second,
  s: second,
  ms: 1_000_000n,
  us: 1000n,
  µs: 1000n,
  ns: 1n,
};
const earliest = -62_135_596_800n * second;
const latest = 253_402_300_800n * second - 1n;
const longest = 2n ** 63n - 1n;

/** A moment, to the nanosecond. */
export class Timestamp {
  /** Since 1970, UTC. */
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }

  get milliseconds(): number {
    return Number(floorDiv(this.nanos, 1_000_000n));
  }

  toString(): string {
    const fraction = floorMod(this.nanos, second);
    const whole = new Date(Number(floorDiv(this.nanos, second)) * 1000).toISOString().slice(0, 19);
    return `${whole}${fractionText(fraction)}Z`;
  }
}

/** A span of time, to the nanosecond. */
export class Duration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }

  toString(): string {
    const magnitude = this.nanos < 0n ? -this.nanos : this.nanos;
    return `${this.nanos < 0n ? '-' : ''}${magnitude / second}${fractionText(magnitude % second)}s`;
  }
}

const floorDiv = (a: bigint, b: bigint): bigint => (a - floorMod(a, b)) / b;
const floorMod = (a: bigint, b: bigint): bigint => ((a % b) + b) % b;

function fractionText(nanos: bigint): string {
  const digits = nanos.toString().padStart(9, '0').replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
}

/** A moment within the years 1 to 9999, which is all that CEL knows. */
export function timestampOf(nanos: bigint): Timestamp | Failure {
  return nanos >= earliest && nanos <= latest ? new Timestamp(nanos) : new Failure('timestamp overflow');
}

/** A moment from seconds since 1970. */
export const timestampOfSeconds = (seconds: bigint): Timestamp | Failure => timestampOf(seconds * second);

/** A moment from milliseconds since 1970. */
export const timestampOfMilliseconds = (ms: number): Timestamp | Failure =>
  Number.isFinite(ms) ? timestampOf(BigInt(Math.trunc(ms)) * 1_000_000n) : new Failure('now is no time');

/** Whole seconds since 1970. */
export const secondsOf = ({ nanos }: Timestamp): bigint => floorDiv(nanos, second);

/** A span that fits in 64 bits of nanoseconds, about 292 years. */
export function durationOf(nanos: bigint): Duration | Failure {
  return nanos >= -longest - 1n && nanos <= longest ? new Duration(nanos) : new Failure('duration overflow');
}

/** Reads RFC 3339, as `timestamp()` does. */
export function parseTimestamp(text: string): Timestamp | Failure {
  const invalid = new Failure(`invalid timestamp ${JSON.stringify(text.slice(0, 64))}: expected RFC 3339, such as 2026-01-31T08:00:00Z`);
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))$/.exec(text.slice(0, 64));
  if (parts === null) return invalid;
  const [, day = '', time = '', fraction = '', sign, hours = '0', minutes = '0'] = parts;
  const local = Date.parse(`${day}T${time}Z`);
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 10) !== day) return invalid;
  if (Number(hours) > 23 || Number(minutes) > 59) return invalid;
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
  return timestampOf((BigInt(local / 1000) - BigInt(offset)) * second + BigInt(fraction.padEnd(9, '0')));
}

/** Reads what Go calls a duration, as `duration()` does: `1h30m`, `-1.5h`, `250ms`. */
export function parseDuration(text: string): Duration | Failure {
  const invalid = new Failure(`invalid duration ${JSON.stringify(text.slice(0, 64))}: expected such as 1h30m, 90s or 1.5h`);
  const [, sign, magnitude = ''] = /^([+-]?)(.*)$/s.exec(text.slice(0, 65)) ?? [];
  if (magnitude === '0') return new Duration(0n);
  const parts = [...magnitude.matchAll(/(\d*)(?:\.(\d*))?(h|ms|m|s|us|µs|ns)/gy)];
  if (text.length > 64 || parts.length === 0 || parts.map(([all]) => all).join('') !== magnitude) return invalid;
  if (parts.some(([, whole = '', fraction = '']) => whole === '' && fraction === '')) return invalid;
  const nanos = parts.reduce((sum, [, whole, fraction, unit]) => sum + nanosOf(whole, fraction, unit), 0n);
  return durationOf(sign === '-' ? -nanos : nanos);
}

function nanosOf(whole = '', fraction = '', unit = ''): bigint {
  const nanos = unitNanos[unit] ?? 0n;
  return BigInt(whole === '' ? '0' : whole) * nanos + (BigInt(fraction === '' ? '0' : fraction) * nanos) / 10n ** BigInt(fraction.length);
}

/** What a clock on the wall says. Month, day of the month and day of the year count from 0, as CEL counts them; `date` from 1. */
export const clockFields: Readonly<Record<string, (local: Date) => number>> = {
  getFullYear: (at) => at.getUTCFullYear(),
  getMonth: (at) => at.getUTCMonth(),
  getDate: (at) => at.getUTCDate(),
  getDayOfMonth: (at) => at.getUTCDate() - 1,
  getDayOfWeek: (at) => at.getUTCDay(),
  getDayOfYear: (at) => Math.floor((at.getTime() - startOfYear(at)) / 86_400_000),
  getHours: (at) => at.getUTCHours(),
  getMinutes: (at) => at.getUTCMinutes(),
  getSeconds: (at) => at.getUTCSeconds(),
  getMilliseconds: (at) => at.getUTCMilliseconds(),
};

function startOfYear(at: Date): number {
  // Not Date.UTC, for which the year 99 is 1999.
  const start = new Date(0);
  start.setUTCFullYear(at.getUTCFullYear());
  return start.getTime();
}

/** What the same name gives for a span: the whole of it in that unit, not a part of it. */
export const spanFields: Readonly<Record<string, (span: Duration) => bigint>> = {
  getHours: ({ nanos }) => nanos / (3600n * second),
  getMinutes: ({ nanos }) => nanos / (60n * second),
  getSeconds: ({ nanos }) => nanos / second,
  getMilliseconds: ({ nanos }) => nanos / 1_000_000n,
};

/** Time zones of one program: the formatters are expensive to make, so the last few are kept. */
export class Zones {
  readonly #formats = new Map<string, Intl.DateTimeFormat>();

  /** Whether asking for this zone is cheap. */
  knows(zone: string): boolean {
    return zone === '' || zone === 'UTC' || fixedOffset(zone) !== undefined || this.#formats.has(zone);
  }

  /** The moment as a Date whose UTC fields say what the clocks of that zone say. */
  local(at: Timestamp, zone: string): Date | Failure {
    const ms = at.milliseconds;
    if (zone === '' || zone === 'UTC') return new Date(ms);
    const fixed = fixedOffset(zone);
    if (fixed !== undefined) return new Date(ms + fixed);
    const format = this.#format(zone);
    return format instanceof Failure ? format : new Date(ms + offsetOf(format, ms));
  }

  #format(zone: string): Intl.DateTimeFormat | Failure {
    const known = this.#formats.get(zone);
    if (known !== undefined) return known;
    if (this.#formats.size >= 8) this.#formats.clear();
    try {
      const numeric = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
      const made = new Intl.DateTimeFormat('en-US', { ...numeric, timeZone: zone, hourCycle: 'h23', calendar: 'gregory' });
      this.#formats.set(zone, made);
      return made;
    } catch {
      return new Failure(`unknown time zone ${JSON.stringify(zone.slice(0, 64))}: expected such as Europe/Berlin, UTC or +02:00`);
    }
  }
}

function fixedOffset(zone: string): number | undefined {
  const [all, sign, hours, minutes] = /^([+-]?)(\d\d):(\d\d)$/.exec(zone) ?? [];
  if (all === undefined) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function offsetOf(format: Intl.DateTimeFormat, ms: number): number {
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second: seconds = 0 } = parts;
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, seconds);
  return local.getTime() - Math.floor(ms / 1000) * 1000;
}
