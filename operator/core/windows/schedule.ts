import { Cron } from 'croner';
import { dayMs } from './zone.ts';

/** When something begins, by the clocks and the calendar of wherever it is read. */
export interface Schedule {
  /** The minutes of a day, ascending. */
  readonly minutes: readonly number[];
  /** Whether it begins on that day, counted from 1970-01-01. */
  readonly on: (day: number) => boolean;
}

interface Field {
  readonly name: string;
  readonly expected: string;
  /** What may be written there; whether the numbers are right is for croner to say. */
  readonly form: RegExp;
}

const listOf = (item: string): RegExp => new RegExp(`^(?:${item})(?:,(?:${item}))*$`, 'i');
const numbers = String.raw`\*(?:/\d{1,2})?|\d{1,2}(?:-\d{1,2}(?:/\d{1,2})?)?`;
const named = (names: string): string => {
  const one = `(?:\\d{1,2}|${names})`;
  return String.raw`\*(?:/\d{1,2})?|${one}(?:-${one}(?:/\d{1,2})?)?`;
};

// The dialect is kept to what CronJobs of Kubernetes know, and L and # besides, as the ends of months are when work is frozen. What croner reads
// beyond that is refused, `?` above all, which it has read as the present moment.
const fields: readonly Field[] = [
  { name: 'minute', expected: '0 to 59, such as 0, */15 or 0,30', form: listOf(numbers) },
  { name: 'hour', expected: '0 to 23, such as 18 or 9-17', form: listOf(numbers) },
  { name: 'day of the month', expected: '1 to 31, L for the last, or *', form: listOf(`${numbers}|L`) },
  {
    name: 'month',
    expected: '1 to 12, JAN to DEC, or *',
    form: listOf(named('JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC')),
  },
  {
    name: 'day of the week',
    expected: '0 to 7, SUN to SAT, MON#1 for the first Monday of the month, FRI#L for the last Friday, or *',
    form: listOf(`${named('SUN|MON|TUE|WED|THU|FRI|SAT')}|(?:[0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#(?:[1-5]|L)`),
  },
];

/** Reads a schedule of five fields, as cron has it; or says, as data, what is wrong with it. */
export function readSchedule(text: string): Schedule | { readonly fault: string } {
  const parts = text.trim().split(/\s+/);
  const [minute, hour, ...date] = parts;
  if (parts.length !== 5 || minute === undefined || hour === undefined) {
    return {
      fault: `has ${parts.length} fields, expected five: minute, hour, day of the month, month and day of the week, such as 0 18 * * FRI`,
    };
  }
  for (const [index, field] of fields.entries()) {
    const part = parts[index] ?? '';
    if (!field.form.test(part) || cron(parts.map((_, other) => (other === index ? part : '*'))) === undefined) {
      return { fault: `has "${part}" for the ${field.name}, expected ${field.expected}` };
    }
  }
  const [minutes, hours, dates] = [cron([minute, '*', '*', '*', '*']), cron(['0', hour, '*', '*', '*']), cron(['0', '0', ...date])];
  if (minutes === undefined || hours === undefined || dates === undefined)
    return { fault: 'cannot be read, expected five fields such as 0 18 * * FRI' };
  const schedule = { minutes: minutesOf(hours, minutes), on: rememberedDays((day) => dates.match(new Date(day * dayMs))) };
  return everHappens(schedule) ? schedule : { fault: 'never happens, as no month has such a day; expected days that exist' };
}

/** croner on the calendar alone: wall-clock time is given to it as if it were UTC, so that no change of the clocks is left to it. */
function cron(parts: readonly string[]): Cron | undefined {
  try {
    return new Cron(parts.join(' '), { utcOffset: 0, paused: true });
  } catch {
    return undefined;
  }
}

const minutesOf = (hours: Cron, minutes: Cron): number[] =>
  matches(hours, 24, 60).flatMap((hour) => matches(minutes, 60, 1).map((minute) => hour + minute));

/** Of so many moments, so many minutes apart, those that match, in minutes. */
const matches = (times: Cron, count: number, apart: number): number[] =>
  Array.from({ length: count }, (_, index) => index * apart).filter((minute) => times.match(new Date(minute * 60_000)));

function rememberedDays(on: (day: number) => boolean): (day: number) => boolean {
  const known = new Map<number, boolean>();
  return (day) => {
    const before = known.get(day);
    if (before !== undefined) return before;
    const answer = on(day);
    known.set(day, answer);
    return answer;
  };
}

// The days of the week fall on the same dates again after 28 years, leap years included.
const firstDay = Date.UTC(2000) / dayMs;
const lastDay = Date.UTC(2028) / dayMs;

function everHappens({ on }: Schedule): boolean {
  for (let day = firstDay; day < lastDay; day += 1) if (on(day)) return true;
  return false;
}
