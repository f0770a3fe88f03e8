import type { RecurringWindow } from '../../../crds/v1alpha1/index.ts';
import { constraintsOf, opening, type GateRule } from './gate.ts';
import { timetableOf } from './timetable.ts';

/** What is wrong with a window, each naming the field, what it was and what was expected. */
export function windowFaults(window: RecurringWindow): string[] {
  const times = timetableOf(window);
  return 'faults' in times ? [...times.faults] : [];
}

// Any eight years in which there is a 29 February twice. Without a gap in those, it may as well be never.
const reach = { limit: Date.UTC(2034), mostChanges: 10_000 };
const begin = Date.UTC(2026);

/**
 * What is wrong with the windows of a policy together, when each alone can be read: that nothing could ever be let go. Two freezes that relieve each other every few
 * minutes for years are not seen through; what they hold waits, and says so.
 */
export function gateFaults(rule: GateRule): string[] {
  const { freeze = [], releaseWindows = [] } = rule;
  if ([...freeze, ...releaseWindows].some((window) => 'faults' in timetableOf(window))) return [];
  const first = opening(constraintsOf([{ freeze }]), begin, reach);
  if (first === 'unknown') return [];
  if (first === 'never') return [`freeze: leaves no time in eight years, so that nothing could ever be let go; shorten it`];
  if (opening(constraintsOf([rule]), begin, reach) === 'never')
    return [`releaseWindows: leave no time outside of freeze in eight years, so that nothing could ever be let go; add or move one`];
  return [];
}
