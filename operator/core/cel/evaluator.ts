import type { ASTNode } from '@marcbachmann/cel-js';
import { constantOf, type NodeOf } from './admit.ts';
import { calculate, negate } from './arithmetic.ts';
import { compare, equals, isIn } from './compare.ts';
import { conversions } from './conversions.ts';
import { Failure, noOverload } from './faults.ts';
import { callMethod } from './functions.ts';
import { macroOf } from './macros.ts';
import type { Meter } from './meter.ts';
import { macros, typeNames } from './offered.ts';
import { compiledPattern } from './pattern.ts';
import type { Run, Step } from './step.ts';
import type { Zones } from './time.ts';
import { Dict, Entries, isFailure, Items, List, type Result, TypeName, typeOf, Uint, type Value } from './values.ts';

/** The places of `Run.locals` by the names that are bound here. */
type Bound = ReadonlyMap<string, number>;

/** Runs a program on variables. Never throws, and ends within the budget. */
export function evaluate(step: Step, variable: Run['variable'], zones: Zones, meter: Meter): Result {
  try {
    return step({ variable, locals: [], meter, zones });
  } catch (error) {
    if (error instanceof RangeError) return new Failure('what it looks at is nested too deeply');
    return new Failure(error instanceof Error ? error.message : 'it could not be evaluated');
  }
}

/** Turns a checked tree into functions that count what they do. */
export function stepOf(node: ASTNode, bound: Bound = new Map()): Step {
  switch (node.op) {
    case 'value':
      return constant(constantOf(node.args));
    case 'id':
      return nameStep(node.args, bound);
    case '.':
      return selectStep(stepOf(node.args[0], bound), node.args[1]);
    case '[]':
      return strict2(stepOf(node.args[0], bound), stepOf(node.args[1], bound), itemOf);
    case 'call':
      return callStep(node, bound);
    case 'rcall':
      return methodStep(node, bound);
    case 'list':
      return listStep(node.args.map((item) => stepOf(item, bound)));
    case 'map':
      return mapStep(node.args.map(([key, value]) => [stepOf(key, bound), stepOf(value, bound)]));
    case '?:':
      return conditionalStep(stepOf(node.args[0], bound), stepOf(node.args[1], bound), stepOf(node.args[2], bound));
    case '||':
      return logicalStep(true, stepOf(node.args[0], bound), stepOf(node.args[1], bound));
    case '&&':
      return logicalStep(false, stepOf(node.args[0], bound), stepOf(node.args[1], bound));
    case '!_':
      return strict1(stepOf(node.args, bound), (value) => (typeof value === 'boolean' ? !value : noOverload('!', typeOf(value))));
    case '-_':
      return strict1(stepOf(node.args, bound), negate);
    case '.?':
    case '[?]':
      throw new Error('optional fields are refused before');
    default:
      return binaryStep(node.op, stepOf(node.args[0], bound), stepOf(node.args[1], bound));
  }
}

function constant(value: Value): Step {
  return () => value;
}

function nameStep(name: string, bound: Bound): Step {
  const place = bound.get(name);
  if (place !== undefined) return ({ locals }) => locals[place] ?? null;
  if (typeNames.has(name)) {
    const type = new TypeName(name);
    return () => type;
  }
  return (run) => run.variable(name);
}

/** A function of one value that fails when the value did. */
function strict1(argument: Step, apply: (value: Value, run: Run) => Result): Step {
  return (run) => {
    run.meter.charge(1);
    const value = argument(run);
    return isFailure(value) ? value : apply(value, run);
  };
}

/** A function of two values. */
function strict2(left: Step, right: Step, apply: (a: Value, b: Value, run: Run) => Result): Step {
  return (run) => {
    run.meter.charge(1);
    const a = left(run);
    if (isFailure(a)) return a;
    const b = right(run);
    return isFailure(b) ? b : apply(a, b, run);
  };
}

function selectStep(operand: Step, field: string): Step {
  return strict1(operand, (value) => {
    if (!(value instanceof Dict)) return noOverload(`.${field}`, typeOf(value));
    const found = value.get(field);
    return found === undefined ? new Failure(`no such key: ${field}`) : found;
  });
}

function itemOf(container: Value, key: Value): Result {
  if (container instanceof Dict) {
    const found = container.get(key);
    return found === undefined ? new Failure(`no such key: ${textOf(key)}`) : found;
  }
  if (!(container instanceof List)) return noOverload('[]', typeOf(container), typeOf(key));
  const index = key instanceof Uint ? key.value : key;
  const isWhole = typeof index === 'bigint' || (typeof index === 'number' && Number.isInteger(index));
  if (!isWhole) return noOverload('[]', typeOf(container), typeOf(key));
  return index >= 0 && index < container.size ? container.at(Number(index)) : new Failure(`index out of bounds: ${index}`);
}

const textOf = (key: Value): string => (key instanceof Uint || (key !== null && typeof key === 'object') ? typeOf(key) : String(key));

function callStep(node: NodeOf<'call'>, bound: Bound): Step {
  const [name, [argument]] = node.args;
  // The field is within a dyn() that was put there for the type checker.
  const field = name === 'has' && argument?.op === 'call' ? argument.args[1][0] : undefined;
  if (field?.op === '.') return hasStep(stepOf(field.args[0], bound), field.args[1]);
  const convert = conversions[name];
  if (argument === undefined || convert === undefined) throw new Error(`${name} is refused before`);
  return strict1(stepOf(argument, bound), (value, { meter }) => convert(value, meter));
}

function hasStep(operand: Step, field: string): Step {
  return strict1(operand, (value) => (value instanceof Dict ? value.get(field) !== undefined : noOverload('has', typeOf(value))));
}

function methodStep(node: NodeOf<'rcall'>, bound: Bound): Step {
  const [name, receiver, args] = node.args;
  const [first] = args;
  if (macros.has(name) && first?.op === 'id') {
    const place = bound.size;
    const inner = new Map([...bound, [first.args, place]]);
    return macroOf(
      name,
      stepOf(receiver, bound),
      args.slice(1).map((body) => stepOf(body, inner)),
      place,
    );
  }
  if (name === 'matches' && first?.op === 'value') return matchesStep(stepOf(receiver, bound), String(first.args));
  const steps = args.map((arg) => stepOf(arg, bound));
  return strict1(stepOf(receiver, bound), (value, run) => {
    const values: Value[] = [];
    for (const step of steps) {
      const arg = step(run);
      if (isFailure(arg)) return arg;
      values.push(arg);
    }
    return callMethod(name, value, values, run);
  });
}

function matchesStep(receiver: Step, source: string): Step {
  const pattern = compiledPattern(source);
  if ('message' in pattern) throw new Error('patterns that do not compile are refused before');
  return strict1(receiver, (value, { meter }) => {
    if (typeof value !== 'string') return noOverload('matches', typeOf(value));
    return pattern.find(value, meter);
  });
}

function listStep(items: readonly Step[]): Step {
  return (run) => {
    run.meter.charge(1 + items.length);
    const values: Value[] = [];
    for (const item of items) {
      const value = item(run);
      if (isFailure(value)) return value;
      values.push(value);
    }
    return new Items(values);
  };
}

function mapStep(pairs: readonly (readonly [Step, Step])[]): Step {
  return (run) => {
    run.meter.charge(1 + pairs.length);
    const entries = new Entries();
    for (const [keyStep, valueStep] of pairs) {
      const key = keyStep(run);
      if (isFailure(key)) return key;
      const value = valueStep(run);
      if (isFailure(value)) return value;
      const failure = entries.add(key, value);
      if (failure !== undefined) return failure;
    }
    return entries;
  };
}

function conditionalStep(condition: Step, then: Step, otherwise: Step): Step {
  return (run) => {
    run.meter.charge(1);
    const chosen = condition(run);
    if (chosen === true) return then(run);
    if (chosen === false) return otherwise(run);
    return isFailure(chosen) ? chosen : noOverload('?:', typeOf(chosen));
  };
}

/** `||` (which true settles) and `&&` (which false settles): either side may settle it, whatever becomes of the other. */
function logicalStep(settles: boolean, left: Step, right: Step): Step {
  const name = settles ? '||' : '&&';
  return (run) => {
    run.meter.charge(1);
    const a = left(run);
    if (a === settles) return settles;
    const b = right(run);
    if (b === settles) return settles;
    if (isFailure(a)) return a;
    if (isFailure(b)) return b;
    return typeof a === 'boolean' && typeof b === 'boolean' ? !settles : noOverload(name, typeOf(a), typeOf(b));
  };
}

function binaryStep(operator: string, left: Step, right: Step): Step {
  switch (operator) {
    case '==':
      return strict2(left, right, (a, b, { meter }) => equals(a, b, meter));
    case '!=':
      return strict2(left, right, (a, b, { meter }) => {
        const same = equals(a, b, meter);
        return same instanceof Failure ? same : !same;
      });
    case 'in':
      return strict2(left, right, (a, b, { meter }) => isIn(a, b, meter));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return strict2(left, right, (a, b, { meter }) => compare(operator, a, b, meter));
    default:
      return strict2(left, right, (a, b, { meter }) => calculate(operator, a, b, meter));
  }
}
