import { RE2JS } from '@bufbuild/re2';
import { remembered } from '../remembered.ts';
import type { ExpressionFault } from './faults.ts';
import { BudgetExceeded, Meter } from './meter.ts';

/** The longest pattern, in characters. */
const longestPattern = 1000;
/** The largest program that a pattern may become. A text of n characters takes at most this many steps times n. */
const largestProgram = 2000;

// What RE2's instructions are called; the package does not export the names.
const op = { alt: 1, altMatch: 2, capture: 3, emptyWidth: 4, match: 6, nop: 7, rune: 8 } as const;

type Program = ReturnType<RE2JS['re2']>['prog'];

/** A compiled RE2 regular expression. */
export interface Pattern {
  /**
   * Whether it matches anywhere in the text; `^` and `$` bind it. Linear in the text, whatever the pattern; what takes more steps than the meter has left
   * does not match, and the meter says so (`exceeded`).
   */
  matches(text: string, meter?: Meter): boolean;
}

/** A pattern that tells what it costs. */
export class CountedPattern implements Pattern {
  readonly #program: Program;
  /** Per instruction the last step at which it was reached. */
  readonly #reached: Uint32Array;
  #step = 0;
  // Kept from one text to the next, as one pattern is held against what everybody says. An instruction is reached once a step, and leads to two at most.
  readonly #stack: Uint32Array;
  readonly #active: Uint32Array;

  constructor(program: Program) {
    this.#program = program;
    const size = program.numInst();
    this.#reached = new Uint32Array(size);
    this.#stack = new Uint32Array(3 * size + 1);
    this.#active = new Uint32Array(size);
  }

  matches(text: string, meter: Meter = new Meter()): boolean {
    try {
      return this.find(text, meter);
    } catch (error) {
      if (error instanceof BudgetExceeded) return false;
      throw error;
    }
  }

  /** The same within an expression, which ends as a whole. @throws BudgetExceeded */
  find(text: string, meter: Meter): boolean {
    this.#step = 0;
    this.#reached.fill(0);
    meter.charge(1 + this.#reached.length / 8);
    const stack = this.#stack;
    let waiting = 0;
    let before = -1;
    for (let at = 0; ; at += before > 0xffff ? 2 : 1) {
      const rune = text.codePointAt(at) ?? -1;
      stack[waiting++] = this.#program.start;
      meter.charge(waiting);
      const active = this.#follow(waiting, emptyWidth(before, rune), meter);
      if (active === undefined) return true;
      if (rune < 0) return false;
      waiting = 0;
      for (let i = 0; i < active; i += 1) {
        const instruction = this.#program.getInst(this.#active[i] ?? 0);
        if (instruction.matchRune(rune)) stack[waiting++] = instruction.out;
      }
      before = rune;
    }
  }

  /**
   * From what waits on the stack: how many instructions that read a character, now the active ones, are reached without reading one. Undefined where the end
   * of the pattern is.
   */
  #follow(waiting: number, context: number, meter: Meter): number | undefined {
    const [stack, reached] = [this.#stack, this.#reached];
    let active = 0;
    this.#step += 1;
    for (let left = waiting; left > 0;) {
      const pc = stack[--left] ?? 0;
      if (reached[pc] === this.#step) continue;
      reached[pc] = this.#step;
      meter.charge(1);
      const instruction = this.#program.getInst(pc);
      if (instruction.op === op.match) return undefined;
      if (instruction.op >= op.rune) this.#active[active++] = pc;
      else if (instruction.op === op.alt || instruction.op === op.altMatch) {
        stack[left++] = instruction.arg;
        stack[left++] = instruction.out;
      } else if (instruction.op === op.nop || instruction.op === op.capture) stack[left++] = instruction.out;
      else if (instruction.op === op.emptyWidth && (instruction.arg & ~context) === 0) stack[left++] = instruction.out;
    }
    return active;
  }
}

/** Which of `^ $ \A \z \b \B` hold between two characters, as RE2 numbers them; -1 is beyond the text. */
function emptyWidth(before: number, after: number): number {
  const line = (before < 0 || before === 10 ? 1 : 0) | (after < 0 || after === 10 ? 2 : 0);
  const text = (before < 0 ? 4 : 0) | (after < 0 ? 8 : 0);
  return line | text | (isWord(before) === isWord(after) ? 32 : 16);
}

function isWord(rune: number): boolean {
  return (rune >= 48 && rune <= 57) || (rune >= 65 && rune <= 90) || rune === 95 || (rune >= 97 && rune <= 122);
}

/** Compiles an RE2 regular expression, unless it is wrong or would be too large. */
export const compiledPattern = remembered(100, (pattern): CountedPattern | ExpressionFault => {
  const refused = (message: string): ExpressionFault => ({ message, line: 1, column: 1 });
  if (pattern.length > longestPattern)
    return refused(`the pattern has ${pattern.length} characters; at most ${longestPattern} are allowed`);
  const tooLarge = 'the pattern is too large once its repetitions are written out: repeat less, or check the length apart';
  // Before it is compiled, since compiling is what takes the memory.
  if (sizeOf(pattern) > largestProgram) return refused(tooLarge);
  try {
    const { prog } = RE2JS.compile(pattern).re2();
    return prog.numInst() > 2 * largestProgram ? refused(tooLarge) : new CountedPattern(prog);
  } catch (error) {
    return refused(`${JSON.stringify(pattern)} is no RE2 regular expression: ${reasonOf(error)}`);
  }
});

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'it could not be read';
}

/** About how many instructions a pattern becomes: one per character, class or operator, times how often it is repeated. */
function sizeOf(pattern: string): number {
  const groups: { total: number; last: number }[] = [];
  let group = { total: 0, last: 0 };
  const add = (size: number): void => {
    group.total += size;
    group.last = size;
  };
  for (const [token] of pattern.matchAll(tokens)) {
    if (token === '(') {
      groups.push(group);
      group = { total: 0, last: 0 };
    } else if (token === ')') {
      const { total } = group;
      group = groups.pop() ?? { total: 0, last: 0 };
      add(total + 2);
    } else if (token.startsWith('\\Q')) {
      // An empty one is nothing: what is repeated after it is what was before.
      const { length } = quotedIn(token);
      if (length > 0) add(length);
    } else if (/^\{\d/.test(token)) {
      const repeated = group.last * Math.max(1, ...[...token.matchAll(/\d+/g)].map(([digits]) => Number(digits))) * 2;
      group.total += repeated - group.last;
      group.last = repeated;
    } else add(1);
  }
  return groups.reduce((sum, { total }) => sum + total, group.total);
}

/** What stands between `\Q` and `\E`, or the end of the pattern. */
const quotedIn = (token: string): string => token.slice(2).replace(/\\E$/, '');

/** A quoted run is one token, whatever it holds; so is an escape, a class, a repetition or a character. */
const tokens = /\\Q[^]*?(?:\\E|$)|\\[pPx]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\{\d+(?:,\d*)?\}|[^]/gs;
