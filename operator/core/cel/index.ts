import { admit, Refusal } from './admit.ts';
import { environments, limits } from './environment.ts';
import { stepOf, type Step } from './evaluator.ts';
import { type ExpressionFault, faultAt } from './faults.ts';
import { Meter } from './meter.ts';
import { type Scope, variables as variablesOf } from './offered.ts';
import { compiledPattern as countedPattern, type Pattern } from './pattern.ts';
import { Zones } from './time.ts';
import { isFailure, type Result, Uint } from './values.ts';

export type { ExpressionFault } from './faults.ts';
export type { Scope } from './offered.ts';
export type { Pattern } from './pattern.ts';

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
   * a fixed number of steps, whatever the expression and the variables.
   */
  run(variables: Readonly<Record<string, unknown>>): Outcome;
}

/** Reads and checks a CEL expression. What is offered, and what is not, is said in offered.ts. */
export function compile(source: string, { scope, result }: Use): Program | ExpressionFault {
  if (source.length > limits.source) return faultAt(source, 0, `it has ${source.length} characters; at most ${limits.source} are allowed`);
  try {
    const environment = environments[scope];
    const parsed = environment.parse(source);
    const uses = admit(source, parsed.ast, environment, Object.keys(variablesOf[scope]));
    const checked = parsed.check();
    if (!checked.valid) return faultOf(source, checked.error);
    const wrong = wrongType(checked.type ?? 'dyn', scope, result);
    return wrong === undefined ? programOf(source, uses, stepOf(parsed.ast), result) : faultAt(source, 0, wrong);
  } catch (error) {
    return faultOf(source, error);
  }
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

/** What the library says of an expression that it cannot read or that has the wrong types. */
function faultOf(source: string, error: unknown): ExpressionFault {
  if (error instanceof Refusal) return error.fault;
  if (error instanceof RangeError) return faultAt(source, 0, 'it is nested too deeply');
  const { range, summary, message } = error as { range?: { start: number }; summary?: string; message?: string };
  const text = (summary ?? message ?? 'it cannot be read').replace(/^No such key: /, 'there is no field ');
  const isMixed = /(?:int|uint) [!=]= double|double [!=]= (?:int|uint)/.test(text);
  return faultAt(source, range?.start ?? 0, isMixed ? `${text}: write the whole number as a double, such as 50.0` : text);
}

function programOf(source: string, uses: ReadonlySet<string>, step: Step, result: Use['result']): Program {
  const zones = new Zones();
  const shown = JSON.stringify(source.length > 200 ? `${source.slice(0, 200)}…` : source);
  const fault = (why: string): Outcome => ({ ok: false, fault: `${shown} failed: ${why}` });
  const run = (variables: Readonly<Record<string, unknown>>): Outcome => {
    try {
      const given = step({ variables, locals: [], meter: new Meter(), zones });
      if (isFailure(given)) return fault(given.message);
      const value = result === 'bool' ? boolOf(given) : numberOf(given);
      return value === undefined ? fault(`it did not give a ${result}`) : { ok: true, value };
    } catch (error) {
      if (error instanceof RangeError) return fault('what it looks at is nested too deeply');
      return fault(error instanceof Error ? error.message : 'it could not be evaluated');
    }
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
