import { remembered } from '../remembered.ts';

/** The local time of one place. */
export interface Zone {
  readonly name: string;
  /** The stretch of this moment in which the clocks there are not changed. */
  steadyAt(time: number): Steady;
}

/** A stretch of time, in milliseconds since the epoch, in which the clocks of a zone keep the same distance from UTC. */
interface Steady {
  readonly from: number;
  readonly until: number;
  /** Local time less UTC, in milliseconds. */
  readonly offset: number;
  /** The same, just before `from`. */
  readonly offsetBefore: number;
}

/** A day of the local calendar, or the part of it in which the clocks are not changed. */
export interface DayPart {
  readonly from: number;
  readonly until: number;
  readonly offset: number;
  /** The local days since 1970-01-01. */
  readonly day: number;
  /** When it begins with the clocks being put forward, the local times that were skipped, in milliseconds since the local epoch; else an empty stretch. */
  readonly skipped: { readonly from: number; readonly until: number };
}

export const dayMs = 86_400_000;

/** The zone of this IANA name; undefined when there is none. */
export const zoneOf: (name: string) => Zone | undefined = remembered(1_000, (name) => {
  const format = formatOf(name);
  if (format === undefined) return undefined;
  const offsetAt = (time: number): number => offsetIn(format.format(time));
  const years = remembered(100, (year) => steadiesOf(Number(year), offsetAt));
  return {
    name,
    steadyAt(time) {
      const year = new Date(time).getUTCFullYear();
      const steady = Number.isNaN(year) ? undefined : years(String(year)).find(({ until }) => time < until);
      // Beyond what a Date can say there are no clocks.
      return steady ?? { from: time, until: Infinity, offset: 0, offsetBefore: 0 };
    },
  };
});

function formatOf(name: string): Intl.DateTimeFormat | undefined {
  // Left out, a name would mean the zone of the machine.
  if (name === '') return undefined;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
}

/** The offset at the end of a text such as `3/29/2026, GMT+02:00`; GMT alone is none. */
function offsetIn(text: string): number {
  const [, sign, hours, minutes, seconds = 0] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text) ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1000 : 1000) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds));
}

/** The steady stretches of a year in UTC. A new year ends one, whether the clocks are changed then or not. */
function steadiesOf(year: number, offsetAt: (time: number) => number): Steady[] {
  const [start, end] = [Date.UTC(year), Date.UTC(year + 1)];
  const steadies: Steady[] = [];
  let current = { from: start, offset: offsetAt(start), offsetBefore: offsetAt(start - 1) };
  for (let seen = start; seen < end;) {
    // Daily looks see every change: none has been taken back within a day, though one has within a week.
    const next = Math.min(seen + dayMs, end - 1000);
    const change = changeIn(seen, next, offsetAt);
    if (change === undefined) {
      seen = next + (next === end - 1000 ? 1000 : 0);
    } else {
      steadies.push({ ...current, until: change });
      current = { from: change, offset: offsetAt(change), offsetBefore: current.offset };
      seen = change;
    }
  }
  return [...steadies, { ...current, until: end }];
}

/** A moment, later than the first and at most the second of these, from which the clocks show something else than at the first. Clocks change on full seconds. */
function changeIn(seen: number, next: number, offsetAt: (time: number) => number): number | undefined {
  const offset = offsetAt(seen);
  if (offsetAt(next) === offset) return undefined;
  let [before, after] = [seen / 1000, next / 1000];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle * 1000) === offset) before = middle;
    else after = middle;
  }
  return after * 1000;
}

/** The part of a local day that this moment is in. Walking on from its `until`, or back from before its `from`, leads through all time. */
export function dayPartAt(zone: Zone, time: number): DayPart {
  const steady = zone.steadyAt(time);
  const day = Math.floor((time + steady.offset) / dayMs);
  const midnight = day * dayMs - steady.offset;
  const from = Math.max(steady.from, midnight);
  const changed = from === steady.from && steady.offset > steady.offsetBefore;
  return {
    from,
    until: Math.min(steady.until, midnight + dayMs),
    offset: steady.offset,
    day,
    skipped: { from: from + (changed ? steady.offsetBefore : steady.offset), until: from + steady.offset },
  };
}
