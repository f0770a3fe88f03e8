import { Failure } from './faults.ts';
import { timestampOfMilliseconds } from './time.ts';
import { doublesOf, fromJson, type Result } from './values.ts';

/** The variables that are more than JSON. */
const converters: Readonly<Record<string, (raw: unknown) => Result>> = {
  now: (raw) => timestampOfMilliseconds(Number(raw)),
  risk: doublesOf,
};

/** What a variable holds, as CEL sees it; a failure where there is none. */
export function variableOf(variables: Readonly<Record<string, unknown>>, name: string): Result {
  const raw = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (raw === undefined) return new Failure(`there is no ${name} here`);
  return (converters[name] ?? fromJson)(raw);
}
