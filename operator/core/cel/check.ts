import type { Environment } from '@marcbachmann/cel-js';
import { admit, noOptionals, Refusal } from './admit.ts';
import { limits } from './environment.ts';
import { stepOf } from './evaluator.ts';
import type { Step } from './step.ts';
import { type ExpressionFault, faultAt } from './faults.ts';

/** An expression that can be run. */
export interface Checked {
  readonly step: Step;
  /** What it gives, as CEL names types; dyn where only running it tells. */
  readonly type: string;
  /** The variables that it reads. */
  readonly uses: ReadonlySet<string>;
}

/** Reads an expression, refuses what is not offered and what has the wrong types, and makes functions of it. Never throws. */
export function check(source: string, environment: Environment, variables: readonly string[]): Checked | ExpressionFault {
  if (source.length > limits.source) return faultAt(source, 0, `it has ${source.length} characters; at most ${limits.source} are allowed`);
  try {
    const parsed = environment.parse(source);
    const uses = admit(source, parsed.ast, environment, variables);
    const { valid, type = 'dyn', error } = parsed.check();
    return valid ? { step: stepOf(parsed.ast), type, uses } : faultOf(source, error);
  } catch (error) {
    return faultOf(source, error);
  }
}

/** What the library says of an expression that it cannot read or that has the wrong types. */
function faultOf(source: string, error: unknown): ExpressionFault {
  if (error instanceof Refusal) return error.fault;
  if (error instanceof RangeError) return faultAt(source, 0, 'it is nested too deeply');
  const { range, summary, message } = error as { range?: { start: number }; summary?: string; message?: string };
  const text = (summary ?? message ?? 'it cannot be read').replace(/^No such key: /, 'there is no field ');
  if (/^Operator overload .* overlaps/.test(text))
    return faultAt(source, 0, 'the type of what an empty list holds is not known: write dyn([])');
  const start = range?.start ?? 0;
  if (/\bQUESTION\b/.test(text) && /[.[]\s*$/.test(source.slice(0, start))) return faultAt(source, start, noOptionals);
  const isMixed = /(?:int|uint) [!=]= double|double [!=]= (?:int|uint)/.test(text);
  return faultAt(source, start, isMixed ? `${text}: write the whole number as a double, such as 50.0` : text);
}
