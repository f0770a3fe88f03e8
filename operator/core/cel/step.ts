import type { Meter } from './meter.ts';
import type { Zones } from './time.ts';
import type { Result } from './values.ts';

/** One run of a program. */
export interface Run {
  /** What a variable holds. */
  variable(name: string): Result;
  /** What macros bind, by how deep they are nested. */
  readonly locals: Result[];
  readonly meter: Meter;
  readonly zones: Zones;
}

/** A node of the tree as a function. */
export type Step = (run: Run) => Result;
