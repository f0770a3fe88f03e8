import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import { negate } from './arithmetic.ts';
import { conversions } from './conversions.ts';
import { limits } from './environment.ts';
import { type ExpressionFault, Failure, faultAt } from './faults.ts';
import { Meter } from './meter.ts';
import { functions, macros, methods, typeNames } from './offered.ts';
import { compiledPattern } from './pattern.ts';
import { maxInt, type Result, typeOf, Uint, type Value } from './values.ts';

/** A node with this operator. */
export type NodeOf<Operator> = Extract<ASTNode, { readonly op: Operator }>;

/** Ends the reading of an expression that is refused. */
export class Refusal extends Error {
  readonly fault: ExpressionFault;

  constructor(fault: ExpressionFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** What is said of `a.?b` and `a[?b]`. */
export const noOptionals =
  'optional fields (.? and [?]) are not offered: ask whether the field is there, as in has(context.amount) && context.amount <= 1000';

interface Reading {
  readonly source: string;
  readonly environment: Environment;
  /** The variables of the scope. */
  readonly variables: readonly string[];
  /** Those that the expression reads. */
  readonly uses: Set<string>;
}

/**
 * Refuses what is not offered, before the types are checked, and makes the tree safe to check: what a literal holds loses its type, as types of types of
 * types are what could grow without bound and would never be forgotten. Gives the variables that the expression reads.
 * @throws Refusal
 */
export function admit(source: string, root: ASTNode, environment: Environment, variables: readonly string[]): ReadonlySet<string> {
  const reading: Reading = { source, environment, variables, uses: new Set() };
  read(root, new Set(), 0, reading);
  return reading.uses;
}

function refuse({ source }: Reading, node: Pick<ASTNode, 'start'>, message: string): never {
  throw new Refusal(faultAt(source, node.start, message));
}

function read(node: ASTNode, bound: ReadonlySet<string>, depth: number, reading: Reading): void {
  const readAll = (nodes: readonly ASTNode[]): void => nodes.forEach((child) => read(child, bound, depth, reading));
  switch (node.op) {
    case 'value':
      return readLiteral(node, reading, maxInt);
    case 'id':
      return readName(node, bound, reading);
    case '.':
      return read(node.args[0], bound, depth, reading);
    case '.?':
    case '[?]':
      return refuse(reading, node, noOptionals);
    case 'call':
      readAll(node.args[1]);
      return readFunction(node, reading);
    case 'rcall':
      return readMethod(node, bound, depth, reading);
    case 'list':
      readAll(node.args);
      return untype(node.args, reading);
    case 'map':
      readAll(node.args.map(([, value]) => value));
      return readMap(node, reading);
    case '!_':
      return read(node.args, bound, depth, reading);
    case '-_':
      // The smallest int is written as minus something that is no int.
      return node.args.op === 'value' ? readLiteral(node.args, reading, maxInt + 1n) : read(node.args, bound, depth, reading);
    default:
      return readAll(node.args);
  }
}

function readLiteral(node: NodeOf<'value'>, reading: Reading, most: bigint): void {
  const { args } = node;
  const text = reading.source.slice(node.start, node.end);
  if (typeof args === 'bigint' && args > most) refuse(reading, node, `${args} does not fit in an int of 64 bits`);
  // The library reads these otherwise than the API server.
  if (typeof args === 'string' && /^[rR]/.test(text) && /\\["']/.test(args)) {
    refuse(reading, node, 'a backslash before a quote in a raw string is not offered: write it as a plain string');
  }
  if (args instanceof Uint8Array && /[^\p{ASCII}]/u.test(text))
    refuse(reading, node, 'bytes are written in ASCII here: escape other characters as \\x…');
}

function readName(node: NodeOf<'id'>, bound: ReadonlySet<string>, reading: Reading): void {
  const name = node.args;
  if (bound.has(name) || typeNames.has(name)) return;
  if (reading.variables.includes(name)) {
    reading.uses.add(name);
    return;
  }
  refuse(reading, node, `${name} is not known here; expected one of ${reading.variables.join(', ')}`);
}

/** A conversion of what is written out is done when it is compiled, as the API server does it: what always fails is told at once. */
function tryConversion(node: NodeOf<'call'>, reading: Reading): void {
  const result = writtenOut(node);
  // Whether there is such a conversion is for the type checker to say.
  if (result instanceof Failure && !result.message.startsWith('no such overload')) refuse(reading, node.args[1][0] ?? node, result.message);
}

/** What a literal, or a conversion of one, is; undefined for anything else. */
function writtenOut(node: ASTNode): Result | undefined {
  if (node.op === 'value') return constantOf(node.args);
  if (node.op === '-_' && node.args.op === 'value') return negate(constantOf(node.args.args));
  if (node.op !== 'call') return undefined;
  const [name, [argument]] = node.args;
  const convert = name === 'has' ? undefined : conversions[name];
  const value = argument === undefined || convert === undefined ? undefined : writtenOut(argument);
  return value === undefined || value instanceof Failure ? value : convert?.(value, new Meter());
}

function readFunction(node: NodeOf<'call'>, reading: Reading): void {
  const [name, args] = node.args;
  if (!functions.has(name) || args.length !== 1) {
    refuse(
      reading,
      node,
      `the function ${name} with ${args.length} arguments is not offered; with one argument there are ${[...functions].join(', ')}`,
    );
  }
  tryConversion(node, reading);
  if (name !== 'has') return;
  if (args[0]?.op !== '.') return refuse(reading, node, 'has() needs a field, such as has(object.metadata.labels)');
  // The library's has() knows fields of variables alone. Without its macro the field is checked as any other, and given to what takes anything.
  delete (node as unknown as { meta: { macro?: unknown } }).meta.macro;
  args[0] = dynOf(args[0], reading);
}

function readMethod(node: NodeOf<'rcall'>, bound: ReadonlySet<string>, depth: number, reading: Reading): void {
  const [name, receiver, args] = node.args;
  read(receiver, bound, depth, reading);
  if (macros.get(name)?.includes(args.length) === true) return readMacro(node, bound, depth, reading);
  if (methods.get(name)?.includes(args.length) !== true) {
    const known = [...macros.keys(), ...methods.keys()].sort();
    const at = reading.source.indexOf(name, receiver.end);
    refuse(reading, { start: at }, `the method ${name} with ${args.length} arguments is not offered; there are ${known.join(', ')}`);
  }
  for (const arg of args) read(arg, bound, depth, reading);
  if (name === 'matches') readPattern(node, reading);
}

function readMacro(node: NodeOf<'rcall'>, bound: ReadonlySet<string>, depth: number, reading: Reading): void {
  const [name, , [variable, ...bodies]] = node.args;
  if (variable?.op !== 'id') refuse(reading, node, `the first argument of ${name} names its variable, such as ${name}(item, …)`);
  if (depth === limits.macros) refuse(reading, node, `macros may be nested ${limits.macros} deep at most`);
  const inner = new Set([...bound, variable.args]);
  for (const body of bodies) read(body, inner, depth + 1, reading);
}

/** Only a pattern that is written out can be tried and measured before the expression runs. */
function readPattern(node: NodeOf<'rcall'>, reading: Reading): void {
  const [pattern] = node.args[2];
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') {
    return refuse(reading, pattern ?? node, 'matches() needs its pattern written out, as a string: one that is computed is not offered');
  }
  const compiled = compiledPattern(pattern.args);
  if ('message' in compiled) refuse(reading, pattern, compiled.message);
}

/** The keys of a map that is written out. */
function readMap(node: NodeOf<'map'>, reading: Reading): void {
  for (const [key] of node.args) {
    const isWritten = key.op === 'value' || (key.op === '-_' && key.args.op === 'value');
    if (!isWritten) refuse(reading, key, 'the key of a map must be written out: a computed one is not offered');
    read(key, new Set(), 0, reading);
  }
  mustBeAlike(
    node.args.map(([key]) => key),
    'the keys of a map',
    reading,
  );
  const values = node.args.map(([, value]) => value);
  untype(values, reading);
  for (const [i, entry] of node.args.entries()) entry[1] = values[i] ?? entry[1];
}

/** Wraps what is no plain literal in dyn(), in place. Plain literals must be of one type, as the API server wants it. */
function untype(items: ASTNode[], reading: Reading): void {
  mustBeAlike(items, 'the items of a literal', reading);
  for (const [i, item] of items.entries()) {
    if (item.op !== 'value') items[i] = dynOf(item, reading);
  }
}

/** A literal as a value of ours. */
export function constantOf(literal: NodeOf<'value'>['args']): Value {
  const isPlain = literal === null || typeof literal !== 'object' || literal instanceof Uint8Array;
  return isPlain ? literal : new Uint(literal.value);
}

function mustBeAlike(items: readonly ASTNode[], what: string, reading: Reading): void {
  const literals = items.filter((item) => item.op === 'value');
  const types = literals.map(({ args }) => typeOf(constantOf(args)));
  const odd = types.findIndex((type) => type !== types[0]);
  const other = literals[odd];
  if (other !== undefined) refuse(reading, other, `${what} must be of one type: found ${types[odd]} beside ${types[0]}; dyn() allows it`);
}

function dynOf(item: ASTNode, { environment }: Reading): ASTNode {
  const call = environment.parse('dyn(0)').ast;
  if (call.op === 'call') call.args[1][0] = item;
  return call;
}
