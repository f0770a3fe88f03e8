const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

const both = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;

/** A span of time as kubectl writes ages: `45s`, `3m20s`, `5h`, `12d`. Negative spans are nothing. */
export function span(milliseconds: number): string {
  const s = Math.max(0, Math.floor(milliseconds / 1000));
  const whole = (unit: number): number => Math.floor(s / unit);
  if (s < 2 * minute) return `${s}s`;
  if (s < 10 * minute) return both(whole(minute), 'm', s % minute, 's');
  if (s < 3 * hour) return `${whole(minute)}m`;
  if (s < 8 * hour) return both(whole(hour), 'h', Math.floor((s % hour) / minute), 'm');
  if (s < 2 * day) return `${whole(hour)}h`;
  if (s < 8 * day) return both(whole(day), 'd', Math.floor((s % day) / hour), 'h');
  if (s < 2 * year) return `${whole(day)}d`;
  if (s < 8 * year) return both(whole(year), 'y', Math.floor((s % year) / day), 'd');
  return `${whole(year)}y`;
}

/** How old something of this RFC 3339 time is; `<unknown>` when there is no such time, as kubectl says. */
export function age(time: string | undefined, now: number): string {
  const at = Date.parse(time ?? '');
  return Number.isNaN(at) ? '<unknown>' : span(now - at);
}

/** A point in time seen from now: `in 3h`, `5m ago`, `now`. */
export function relative(time: string, now: number): string {
  const distance = Date.parse(time) - now;
  if (Number.isNaN(distance)) return '<unknown>';
  if (Math.abs(distance) < 1000) return 'now';
  return distance > 0 ? `in ${span(distance)}` : `${span(-distance)} ago`;
}

/** A point in time for people, always in UTC and to the second: `2026-11-21 09:30:00Z`. */
export function instant(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime())
    ? '<unknown>'
    : at
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z');
}
