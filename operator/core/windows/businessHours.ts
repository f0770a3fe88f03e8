import type { BusinessHours } from '../../../crds/v1alpha1/index.ts';
import { zoneFault } from './timetable.ts';
import { dayMs, dayPartAt, zoneOf, type DayPart } from './zone.ts';

const weekdays: readonly BusinessHours['days'][number][] = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
/** 1970-01-01 was a Thursday. */
const firstWeekday = 4;
/** About ten years: nobody waits for longer, and it bounds the work. */
const mostParts = 3_700;

/** What is wrong with business hours, each naming the field, what it was and what was expected. */
export function hoursFaults(hours: BusinessHours): string[] {
  const [from, to] = [msOfDay(hours.from), msOfDay(hours.to)];
  const twice = hours.days.find((day, index) => hours.days.indexOf(day) !== index);
  return [
    ...(twice === undefined ? [] : [`days: has ${twice} twice; it counts once, so leave one of them out`]),
    ...(from < dayMs ? [] : [`from: was "${hours.from}", expected 00:00 to 23:59`]),
    ...(to <= dayMs ? [] : [`to: was "${hours.to}", expected at most 24:00`]),
    ...(from < to ? [] : [`to: was "${hours.to}", expected later than from, which is "${hours.from}"`]),
    ...(zoneOf(hours.timeZone) === undefined ? [zoneFault(hours.timeZone)] : []),
  ];
}

/**
 * The moment at which so much time has passed since then within these hours, in milliseconds since the epoch; Infinity when that is more than about ten years
 * ahead. What the clocks skip there does not pass, and what they repeat passes twice. Hours that cannot be read are read as always.
 */
export function businessDeadline(since: number, waitMs: number, hours: BusinessHours): number {
  const zone = zoneOf(hours.timeZone);
  if (zone === undefined || msOfDay(hours.from) >= msOfDay(hours.to) || waitMs <= 0) return since + waitMs;
  let left = waitMs;
  let part = dayPartAt(zone, since);
  for (let parts = 0; parts < mostParts; parts += 1) {
    const open = openPart(part, hours);
    const from = Math.max(since, open.from);
    if (open.until > from) {
      if (left <= open.until - from) return from + left;
      left -= open.until - from;
    }
    part = dayPartAt(zone, part.until);
  }
  return Infinity;
}

/** The business hours within a part of a day; an empty stretch where there are none. */
function openPart({ day, offset, from, until }: DayPart, hours: BusinessHours): { readonly from: number; readonly until: number } {
  const weekday = weekdays[(day + firstWeekday) % 7];
  if (weekday === undefined || !hours.days.includes(weekday)) return { from, until: from };
  const midnight = day * dayMs - offset;
  return { from: Math.max(from, midnight + msOfDay(hours.from)), until: Math.min(until, midnight + msOfDay(hours.to)) };
}

function msOfDay(text: string): number {
  const [hours, minutes] = text.split(':');
  return (Number(hours) * 60 + Number(minutes)) * 60_000;
}
