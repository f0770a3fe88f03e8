import { RE2JS } from '@bufbuild/re2';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { attacks, largeVariables } from '../../../test/fixtures/cel/attacks.ts';
import { check, type Checked } from './check.ts';
import { environments } from './environment.ts';
import { evaluate } from './evaluator.ts';
import { compile, compiledPattern, type ExpressionFault } from './index.ts';
import { Meter, stepsPerRun } from './meter.ts';
import { variables as variablesOf } from './offered.ts';
import { Zones } from './time.ts';
import { variableOf } from './variables.ts';
import { Failure } from './faults.ts';
import { Dict, List, type Result } from './values.ts';

const checked = (source: string): Checked | ExpressionFault => check(source, environments.policy, Object.keys(variablesOf.policy));

/** What a run gave, and what it spent. No step of it is larger than what was charged for it before. */
function spentBy({ step }: Checked, variables: Readonly<Record<string, unknown>>): { result: Result; spent: number } {
  const meter = new Meter();
  const result = evaluate(step, (name) => variableOf(variables, name), new Zones(), meter);
  return { result, spent: meter.spent };
}

/** How much memory a value takes, in characters and items. */
function sizeOf(value: Result): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof List) return value.size;
  return value instanceof Dict || value instanceof Uint8Array ? 1 : 0;
}

describe('what would hang or exhaust the process', () => {
  it.each(Object.entries(attacks))('%s', (_name, source) => {
    const program = checked(source);
    if ('message' in program) return expect(program.message).not.toBe('');
    expect(program.type.length).toBeLessThan(200);
    const { result, spent } = spentBy(program, largeVariables);
    const isOver = result instanceof Failure && result.message.includes('takes more than');
    expect(spent <= stepsPerRun || isOver).toBe(true);
  });

  it('is stopped where it is the budget that stops it, and says so', () => {
    const stopped = ['macros within macros', 'a text that doubles', 'a list that doubles', 'failures by the thousand'].filter((name) => {
      const program = compile(attacks[name]!, { scope: 'policy', result: 'bool' });
      const given = 'run' in program ? program.run(largeVariables) : undefined;
      return given?.ok === false && given.fault.includes('takes more than');
    });
    expect(stopped).toEqual(['macros within macros', 'a text that doubles', 'a list that doubles', 'failures by the thousand']);
  });

  it('cannot be hidden from the budget: nothing absorbs running out of it', () => {
    const source = `true || ${attacks['macros within macros']!}`;
    expect(compile(source, { scope: 'policy', result: 'bool' })).toHaveProperty('run');
    for (const around of [`(X) || true`, `true ? (X) : false`, `[1].exists(i, X) || true`, `!(X) || true`]) {
      const program = compile(around.replace('X', attacks['macros over a large list of the context']!), {
        scope: 'policy',
        result: 'bool',
      });
      expect('run' in program && program.run(largeVariables)).toMatchObject({ ok: false });
    }
  });

  it('is refused before its pattern is compiled where the pattern would be enormous', () => {
    for (const pattern of ['((a{100}){100}){100}', 'a{1000}'.repeat(100), '(x{500}){500}', '[a-z]{999}{9}', `(${'ab'.repeat(300)}){100}`]) {
      expect(compiledPattern(pattern)).toHaveProperty('message');
    }
  });

  it('is refused before its pattern is compiled however its size is hidden in what is quoted', () => {
    const compile = vi.spyOn(RE2JS, 'compile');
    for (const pattern of [
      `\\Q[\\E${'a{900}'.repeat(140)}]`,
      '(?:a{500})\\Q\\E{500}',
      `\\Q(\\E${'a{900}'.repeat(140)}`,
      '\\Qabc\\E{900}',
    ]) {
      expect(compiledPattern(pattern)).toHaveProperty('message');
    }
    expect(compile).not.toHaveBeenCalled();
    compile.mockRestore();
  });

  it.each([
    ['\\QCHG-(1)\\E', 'CHG-(1)', true],
    ['^\\Q[a]{3}\\E$', '[a]{3}', true],
    ['^\\Qab\\E{2}$', 'abb', true],
    ['^\\Qab\\E{2}$', 'abab', false],
    ['^a\\Q', 'a', true],
  ])('is not what is quoted: %s', (pattern, text, expected) => {
    const compiled = compiledPattern(pattern);
    expect('matches' in compiled && compiled.matches(text)).toBe(expected);
  });
});

/** Expressions at random, of all that is offered, wrong ones among them. */
const { expression } = fc.letrec<{ expression: string; text: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom(
      'true',
      '1',
      '2.5',
      '3u',
      "'ab'",
      "b'x'",
      'null',
      '[]',
      'context',
      'context.items',
      'context.long',
      'object',
      'now',
      'x',
      'y',
      'int',
    ),
    fc
      .tuple(fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '>=', '&&', '||', 'in'), tie('expression'), tie('expression'))
      .map(([operator, a, b]) => `(${a} ${operator} ${b})`),
    fc
      .tuple(
        fc.constantFrom('all', 'exists', 'exists_one', 'map', 'filter'),
        fc.constantFrom('x', 'y'),
        tie('expression'),
        tie('expression'),
      )
      .map(([macro, name, range, body]) => `${range}.${macro}(${name}, ${body})`),
    fc.tuple(fc.constantFrom('size', 'trim', 'lowerAscii', 'join', 'getHours'), tie('expression')).map(([name, a]) => `${a}.${name}()`),
    fc
      .tuple(fc.constantFrom('split', 'contains', 'indexOf', 'join', 'replace'), tie('expression'), tie('expression'))
      .map(([name, a, b]) => `${a}.${name}(${name === 'replace' ? `${b}, ${b}` : b})`),
    fc
      .tuple(fc.constantFrom('int', 'string', 'double', 'size', 'dyn', 'type', 'duration', 'bytes'), tie('expression'))
      .map(([name, a]) => `${name}(${a})`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `[${a}, ${b}]`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `{'k': ${a}, 'l': ${b}}`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `${a}[${b}]`),
    fc.tuple(tie('expression'), tie('text')).map(([a, pattern]) => `${a}.matches('${pattern}')`),
  ),
  text: fc.stringMatching(/^[ab()|*+?.{}0-9^$[\]]{0,12}$/),
}));

describe('expressions at random', () => {
  it('never throw, end within the budget, and make nothing that is larger than what they paid for', () => {
    let ran = 0;
    const run = (source: string): void => {
      const program = checked(source);
      if ('message' in program) return;
      ran += 1;
      const { result, spent } = spentBy(program, largeVariables);
      const isOver = result instanceof Failure && result.message.includes('takes more than');
      expect(spent <= stepsPerRun || isOver).toBe(true);
      // What was there before is a view; what was made has cost a step per item or eight characters.
      expect(sizeOf(result)).toBeLessThanOrEqual(20_000 + 8 * Math.max(spent, 0));
      expect(program.type.length).toBeLessThan(1000);
    };
    fc.assert(fc.property(expression, run), { numRuns: 5000 });
    expect(ran).toBeGreaterThan(250);
  });

  it('gives a fault with a place within the source, or a program that answers with data', () => {
    fc.assert(
      fc.property(fc.oneof(expression, fc.string({ maxLength: 200 })), (source) => {
        const program = compile(source, { scope: 'policy', result: 'bool' });
        if ('run' in program) {
          const given = program.run(largeVariables);
          expect(given.ok ? typeof given.value : given.fault.length > 0).toBe(given.ok ? 'boolean' : true);
        } else {
          const lines = source.split('\n');
          expect(program.line).toBeGreaterThanOrEqual(1);
          expect(program.line).toBeLessThanOrEqual(lines.length);
          expect(program.column).toBeLessThanOrEqual((lines[program.line - 1]?.length ?? 0) + 1);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('match as RE2 says whatever the pattern, as JavaScript does where the two mean the same', () => {
    const pattern = fc.stringMatching(/^[ab.]([ab.]|[ab][*+?]|\([ab]\|[ab]\)[*+?]?){0,6}$/);
    fc.assert(
      fc.property(pattern, fc.stringMatching(/^[abc]{0,12}$/), (source, text) => {
        const compiled = compiledPattern(source);
        expect('matches' in compiled && compiled.matches(text)).toBe(new RegExp(source).test(text));
      }),
      { numRuns: 3000 },
    );
  });
});
