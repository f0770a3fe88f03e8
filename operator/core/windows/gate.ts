import type { RecurringWindow } from '../../../crds/v1alpha1/index.ts';
import { timetableOf, type Timetable } from './timetable.ts';
import { dayMs } from './zone.ts';

/** The windows of one policy: nothing is let go inside any freeze, and only inside a release window where there are some. */
export interface GateRule {
  readonly freeze?: readonly RecurringWindow[] | undefined;
  readonly releaseWindows?: readonly RecurringWindow[] | undefined;
}

/** Whether something may be let go. Times are milliseconds since the epoch. */
export interface Gate {
  readonly open: boolean;
  /** While closed, when it opens: exact. Absent when that is more than `gateHorizonMs` ahead, or behind more windows than are looked at. */
  readonly opensAt?: number;
  /** While open, when it closes: exact. Absent like `opensAt`. */
  readonly closesAt?: number;
  /** While closed, what keeps it closed, in words that follow "it is". */
  readonly because?: string;
}

/** How far ahead `gate` looks. Whoever finds no time told asks again before it is over. */
export const gateHorizonMs = 400 * dayMs;
/** How many beginnings and ends of windows `gate` looks at; some schedules have one every minute, and every request asks. */
const mostChanges = 500;
const mostReasons = 3;

/** Joins the windows of several policies. A window that cannot be read holds: a freeze never ends, a release window never comes. */
export function gate(rules: readonly GateRule[], now: number): Gate {
  const constraints = constraintsOf(rules);
  const limit = now + gateHorizonMs;
  const shut = constraints.filter((constraint) => constraint.shutUntil(now, now) !== undefined);
  if (shut.length === 0) {
    const closesAt = closing(constraints, now, limit);
    return { open: true, ...(closesAt === undefined ? {} : { closesAt }) };
  }
  const opensAt = opening(constraints, now, { limit, mostChanges });
  const reasons = shut.slice(0, mostReasons).map((constraint) => constraint.because());
  const more = shut.length > mostReasons ? [`${shut.length - mostReasons} more`] : [];
  return {
    open: false,
    because: [...reasons, ...more].join(', and '),
    ...(typeof opensAt === 'number' ? { opensAt } : {}),
  };
}

/** One freeze, or all release windows of one policy. */
export interface Constraint {
  /** Until when this alone keeps the gate shut: Infinity when not before `limit`. Undefined when it does not at this time. */
  shutUntil(time: number, limit: number): number | undefined;
  /** When this alone shuts the gate next, from a time at which it does not; Infinity when not before `limit`. */
  shutsAt(time: number, limit: number): number;
  because(): string;
}

/** What the rules of all policies come to: the gate is open while none of it shuts it. */
export function constraintsOf(rules: readonly GateRule[]): Constraint[] {
  return rules.flatMap(({ freeze = [], releaseWindows = [] }) => [
    ...freeze.map(freezes),
    ...(releaseWindows.length === 0 ? [] : [releases(releaseWindows)]),
  ]);
}

function freezes(window: RecurringWindow): Constraint {
  const times = timetableOf(window);
  if ('faults' in times) {
    return { shutUntil: () => Infinity, shutsAt: (time) => time, because: () => `inside freeze ${window.name}, which cannot be read` };
  }
  return {
    shutUntil: (time, limit) => times.endOf(time, limit),
    shutsAt: (time, limit) => times.nextAfter(time, limit) ?? Infinity,
    because: () => `inside freeze ${described(window)}`,
  };
}

function releases(windows: readonly RecurringWindow[]): Constraint {
  const all = windows.map(timetableOf).filter((times): times is Timetable => !('faults' in times));
  const isInside = (time: number): boolean => all.some((times) => times.endOf(time, time) !== undefined);
  return {
    shutUntil: (time, limit) => (isInside(time) ? undefined : Math.min(Infinity, ...all.map((t) => t.nextAfter(time, limit) ?? Infinity))),
    shutsAt(time, limit) {
      // Where one window ends another may go on.
      let end = time;
      for (let changes = 0; changes < mostChanges && end < limit; changes += 1) {
        const later = Math.max(...all.map((times) => times.endOf(end, limit) ?? end));
        if (later === end) return end;
        end = later;
      }
      return Infinity;
    },
    because() {
      const shown = windows.slice(0, mostReasons).map(described).join(', ');
      return `outside of release windows ${shown}${windows.length > mostReasons ? ` and ${windows.length - mostReasons} more` : ''}`;
    },
  };
}

const described = ({ name, schedule, duration, timeZone }: RecurringWindow): string => `${name} (${schedule} for ${duration}, ${timeZone})`;

function closing(constraints: readonly Constraint[], now: number, limit: number): number | undefined {
  const closes = Math.min(Infinity, ...constraints.map((constraint) => constraint.shutsAt(now, limit)));
  return closes < limit ? closes : undefined;
}

/** How far `opening` searches. */
interface Reach {
  readonly limit: number;
  readonly mostChanges: number;
}

/** The first moment from `now` on at which nothing shuts the gate; `never` when there is none before the limit, `unknown` after too many changes. */
export function opening(constraints: readonly Constraint[], now: number, reach: Reach): number | 'never' | 'unknown' {
  let time = now;
  for (let changes = 0; changes < reach.mostChanges; changes += 1) {
    const later = Math.max(time, ...constraints.map((constraint) => constraint.shutUntil(time, reach.limit) ?? time));
    if (later === time) return time;
    if (later >= reach.limit) return 'never';
    time = later;
  }
  return 'unknown';
}
