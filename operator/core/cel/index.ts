import { check, type Checked } from './check.ts';
import { environments } from './environment.ts';
import { evaluate } from './evaluator.ts';
import { type ExpressionFault, faultAt } from './faults.ts';
import { type Scope, variables as variablesOf } from './offered.ts';
import { compiledPattern as countedPattern, type Pattern } from './pattern.ts';
import { Meter } from './meter.ts';
import { Zones } from './time.ts';
import { variableOf } from './variables.ts';
import { isFailure, type Result, Uint } from './values.ts';

export type { ExpressionFault } from './faults.ts';
export type { Scope } from './offered.ts';
export type { Pattern } from './pattern.ts';
export { Meter, stepsPerLook } from './meter.ts';

/** What one run gave. A fault is a sentence that names the expression. */
export type Outcome = { readonly ok: true; readonly value: boolean | number } | { readonly ok: false; readonly fault: string };

/** What an expression is compiled for. */
export interface Use {
  readonly scope: Scope;
  /** What it must give. A number is given as a double, and is finite. */
  readonly result: 'bool' | 'number';
}

/** A compiled expression. */
export interface Program {
  readonly source: string;
  /** The variables that it reads. */
  readonly uses: ReadonlySet<string>;
  /**
   * Runs it on these variables: plain JSON, but for `now`, which is milliseconds since 1970 or a Date. Never throws and always ends, after at most
   * a fixed number of steps, whatever the expression and the variables; fewer where the meter that it is run within has fewer left.
   */
  run(variables: Readonly<Record<string, unknown>>, within?: Meter): Outcome;
}

/** Reads and checks a CEL expression. What is offered, and what is not, is said in offered.ts. */
export function compile(source: string, { scope, result }: Use): Program | ExpressionFault {
  const checked = check(source, environments[scope], Object.keys(variablesOf[scope]));
  if ('message' in checked) return checked;
  const wrong = wrongType(checked.type, scope, result);
  return wrong === undefined ? programOf(source, checked, result) : faultAt(source, 0, wrong);
}

/** Compiles an RE2 regular expression. Matching takes time that grows with the text, not with what the pattern says. */
export function compiledPattern(pattern: string): Pattern | ExpressionFault {
  return countedPattern(pattern);
}

/** The API server wants to know that a condition is a bool; elsewhere what is only known when it runs is tested then. */
function wrongType(type: string, scope: Scope, result: Use['result']): string | undefined {
  if (type.startsWith('dyn')) {
    return scope === 'match' ? 'it may be of any type, expected a bool: compare it, such as object.spec.suspend == true' : undefined;
  }
  const expected = result === 'bool' ? ['bool'] : ['int', 'uint', 'double'];
  return expected.includes(type) ? undefined : `it gives ${type === 'int' ? 'an' : 'a'} ${type}, expected a ${result}`;
}

function programOf(source: string, { step, uses }: Checked, result: Use['result']): Program {
  const zones = new Zones();
  const shown = JSON.stringify(source.length > 200 ? `${source.slice(0, 200)}…` : source);
  const fault = (why: string): Outcome => ({ ok: false, fault: `${shown} failed: ${why}` });
  const run = (variables: Readonly<Record<string, unknown>>, within?: Meter): Outcome => {
    const given = evaluate(step, (name) => variableOf(variables, name), zones, new Meter(within));
    if (isFailure(given)) return fault(given.message);
    const value = result === 'bool' ? boolOf(given) : numberOf(given);
    return value === undefined ? fault(`it did not give a ${result}`) : { ok: true, value };
  };
  return { source, uses, run };
}

const boolOf = (value: Result): boolean | undefined => (typeof value === 'boolean' ? value : undefined);

/** A finite number, exactly as it was; undefined for anything else. */
function numberOf(value: Result): number | undefined {
  const number = value instanceof Uint ? value.value : value;
  if (typeof number === 'bigint') return Number.isSafeInteger(Number(number)) ? Number(number) : undefined;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
