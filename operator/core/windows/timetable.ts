import type { RecurringWindow } from '../../../crds/v1alpha1/index.ts';
import { durationMs } from '../duration.ts';
import { remembered } from '../remembered.ts';
import { readSchedule, type Schedule } from './schedule.ts';
import { dayMs, dayPartAt, zoneOf, type DayPart, type Zone } from './zone.ts';

/** One recurring window, read. Times are milliseconds since the epoch; what overlaps or touches is one. */
export interface Timetable {
  /** When it ends, if this moment is inside; Infinity when not before `limit`. */
  endOf(time: number, limit: number): number | undefined;
  /** When it begins next, which is now if this moment is inside; undefined when not before `limit`. */
  nextAfter(time: number, limit: number): number | undefined;
}

/** Why a window cannot be read. */
export interface UnreadableWindow {
  readonly faults: readonly string[];
}

/** Beginnings, none later than the window's duration after the one before: from the first until the duration after the last it is always inside. */
interface Run {
  readonly first: number;
  readonly last: number;
}

const minuteMs = 60_000;
/** What lasts longer would hold for ever in all but name, and would have to be searched for as far back. */
const longestMs = 366 * dayMs;

/** The timetable of a window, or what is wrong with it. */
export const timetableOf = ({ schedule, duration, timeZone }: RecurringWindow): Timetable | UnreadableWindow =>
  read([schedule, duration, timeZone].join('\n'));

const read = remembered<Timetable | UnreadableWindow>(1_000, (question) => {
  const [schedule = '', duration = '', timeZone = ''] = question.split('\n');
  const when = readSchedule(schedule);
  const zone = zoneOf(timeZone);
  const lasts = lengthOf(duration);
  if (!('fault' in when) && zone !== undefined && typeof lasts === 'number') return timetable(when, lasts, zone);
  return {
    faults: [
      ...('fault' in when ? [`schedule: "${schedule}" ${when.fault}`] : []),
      ...(typeof lasts === 'number' ? [] : [`duration: ${lasts.fault}`]),
      ...(zone === undefined ? [zoneFault(timeZone)] : []),
    ],
  };
});

/** What is wrong with the name of a zone that there is not. */
export const zoneFault = (name: string): string =>
  `timeZone: "${name}" is not a time zone; expected a name of the IANA database, such as Europe/Berlin or Etc/UTC`;

function lengthOf(duration: string): number | { readonly fault: string } {
  try {
    const ms = durationMs(duration);
    if (ms >= 1_000 && ms <= longestMs) return ms;
  } catch {
    // Said below, with what was expected.
  }
  return { fault: `was "${duration}", expected at least 1s and at most 366d, such as 60h` };
}

function timetable({ minutes, on }: Schedule, lasts: number, zone: Zone): Timetable {
  const wholeDay = runsOf(minutes, lasts);

  /** The beginnings within a part of a day, measured from `base`. A window begins whenever the clocks show its time. */
  function beginnings(part: DayPart): { readonly base: number; readonly runs: readonly Run[] } {
    const base = part.day * dayMs - part.offset;
    const isWhole = part.from === base && part.until === base + dayMs;
    const begins = isBegunWhileSkipped(part.skipped);
    if (isWhole && !begins) return { base, runs: on(part.day) ? wholeDay : [] };
    const [from, until] = [(part.from - base) / minuteMs, (part.until - base) / minuteMs];
    const shown = on(part.day) ? minutes.filter((minute) => minute >= from && minute < until) : [];
    return { base, runs: runsOf(begins && shown[0] !== from ? [from, ...shown] : shown, lasts) };
  }

  /** What would have begun at a time that the clocks skip begins when they do. */
  function isBegunWhileSkipped({ from, until }: DayPart['skipped']): boolean {
    for (let day = Math.floor(from / dayMs); day * dayMs < until; day += 1) {
      const time = (minute: number): number => day * dayMs + minute * minuteMs;
      if (minutes.some((minute) => time(minute) >= from && time(minute) < until) && on(day)) return true;
    }
    return false;
  }

  /** When the latest run that has begun by then is over; undefined when it was before `time`. */
  function coveredUntil(time: number): number | undefined {
    for (let part = dayPartAt(zone, time); part.until + lasts > time; part = dayPartAt(zone, part.from - 1)) {
      const { base, runs } = beginnings(part);
      const run = runs[countUntil(runs, time - base) - 1];
      if (run !== undefined) return base + run.last + lasts;
    }
    return undefined;
  }

  // The stretch looked at last, in which nothing begins and nothing goes on: thousands of requests ask about the same time, and some schedules are yearly.
  let quiet = { from: 0, until: 0, beginsThen: false };
  const isQuiet = (time: number): boolean => time >= quiet.from && time < quiet.until;

  return {
    endOf(time, limit) {
      if (isQuiet(time)) return undefined;
      let end = coveredUntil(time);
      if (end === undefined || end <= time) return undefined;
      while (end < limit) {
        const later = coveredUntil(end);
        if (later === undefined || later <= end) return end;
        end = later;
      }
      return Infinity;
    },
    nextAfter(time, limit) {
      if (!isQuiet(time)) {
        if ((coveredUntil(time) ?? time) > time) return time;
        quiet = { from: time, until: time + 1, beginsThen: false };
      }
      while (!quiet.beginsThen && quiet.until < limit) {
        const { until } = quiet;
        const part = dayPartAt(zone, until);
        const { base, runs } = beginnings(part);
        const run = runs[countUntil(runs, until - base - 1)];
        quiet = { from: quiet.from, until: run === undefined ? part.until : base + run.first, beginsThen: run !== undefined };
      }
      return quiet.beginsThen && quiet.until < limit ? quiet.until : undefined;
    },
  };
}

/** How many of these runs have begun by then. */
function countUntil(runs: readonly Run[], time: number): number {
  let [from, until] = [0, runs.length];
  while (from < until) {
    const middle = (from + until) >> 1;
    if ((runs[middle]?.first ?? Infinity) <= time) from = middle + 1;
    else until = middle;
  }
  return from;
}

/** Minutes of a day, ascending, as runs in milliseconds since its midnight. */
function runsOf(minutes: readonly number[], lasts: number): Run[] {
  const runs: { first: number; last: number }[] = [];
  for (const time of minutes.map((minute) => minute * minuteMs)) {
    const run = runs.at(-1);
    if (run !== undefined && time - run.last <= lasts) run.last = time;
    else runs.push({ first: time, last: time });
  }
  return runs;
}
