import type { Run, Step } from './step.ts';
import { type Failure, noOverload } from './faults.ts';
import { Dict, isFailure, Items, List, type Result, typeOf, type Value } from './values.ts';

/** What a macro does with each item: a result ends the loop, undefined goes on. */
type EachItem = (run: Run, item: Result) => Result | undefined;

/**
 * A macro as a function: its body is run for each item of the list, or each key of the map, with the item in its place among the locals.
 */
export function macroOf(name: string, range: Step, bodies: readonly Step[], place: number): Step {
  const [first = nothing, second] = bodies;
  switch (name) {
    case 'all':
      return quantifier(range, first, place, false);
    case 'exists':
      return quantifier(range, first, place, true);
    case 'exists_one':
      return collector(
        range,
        place,
        (run, _item, found) => kept(first(run), () => found.push(null)),
        (found) => found.length === 1,
      );
    case 'filter':
      return collector(
        range,
        place,
        (run, item, found) => kept(first(run), () => (isFailure(item) ? item : void found.push(item))),
        listOf,
      );
    default:
      return mapping(range, place, first, second);
  }
}

const nothing: Step = () => null;
const listOf = (found: Value[]): Result => new Items(found);

/** Runs the loop; what the range is no list and no map of cannot be looped over. */
function loop(range: Step, place: number, run: Run, each: EachItem, end: () => Result): Result {
  run.meter.charge(1);
  const values = range(run);
  if (isFailure(values)) return values;
  const list = values instanceof Dict ? keysOf(values, run) : values;
  if (!(list instanceof List)) return noOverload('comprehension', typeOf(values));
  for (let i = 0; i < list.size; i += 1) {
    run.meter.charge(1);
    const item = list.at(i);
    run.locals[place] = item;
    const result = each(run, item);
    if (result !== undefined) return result;
  }
  return end();
}

function keysOf(dict: Dict, { meter }: Run): List {
  const keys = dict.keys();
  meter.charge(keys.length);
  return new Items(keys);
}

/** `all` (which a false ends) and `exists` (which a true ends). A failure counts only when no item settles it. */
function quantifier(range: Step, body: Step, place: number, settles: boolean): Step {
  return (run) => {
    let failure: Failure | undefined;
    const each: EachItem = () => {
      const value = body(run);
      if (value === settles) return settles;
      if (isFailure(value)) failure ??= value;
      else if (typeof value !== 'boolean') failure ??= noOverload(settles ? '||' : '&&', typeOf(value));
      return undefined;
    };
    return loop(range, place, run, each, () => failure ?? !settles);
  };
}

/** Gathers items; any failure ends it. */
function collector(
  range: Step,
  place: number,
  each: (run: Run, item: Result, found: Value[]) => Failure | undefined,
  end: (found: Value[]) => Result,
): Step {
  return (run) => {
    const found: Value[] = [];
    return loop(
      range,
      place,
      run,
      (_run, item) => each(run, item, found),
      () => end(found),
    );
  };
}

/** What the condition says: true keeps, false does not, anything else is a failure. */
function kept(condition: Result, keep: () => unknown): Failure | undefined {
  if (condition === false) return undefined;
  if (condition !== true) return isFailure(condition) ? condition : noOverload('?:', typeOf(condition));
  const result = keep();
  return isFailure(result as Result) ? (result as Failure) : undefined;
}

/** `map(item, body)`, or `map(item, condition, body)`. */
function mapping(range: Step, place: number, first: Step, second: Step | undefined): Step {
  const push = (value: Result, found: Value[]): Failure | undefined => {
    if (isFailure(value)) return value;
    found.push(value);
    return undefined;
  };
  const each = (run: Run, found: Value[]): Failure | undefined =>
    second === undefined ? push(first(run), found) : kept(first(run), () => push(second(run), found));
  return collector(range, place, (run, _item, found) => each(run, found), listOf);
}
