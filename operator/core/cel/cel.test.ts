import { describe, expect, it } from 'vitest';
import { namespaceLabels, notOfferedHere, parityCases, parityJob, refusedByBoth } from '../../../test/fixtures/cel/parity.ts';
import { compile, compiledPattern, type Outcome, type Program, type Scope } from './index.ts';

function program(source: string, scope: Scope = 'policy', result: 'bool' | 'number' = 'bool'): Program {
  const compiled = compile(source, { scope, result });
  if ('run' in compiled) return compiled;
  throw new Error(`${source}: ${compiled.message}`);
}

const context = {
  amount: 1000.5,
  count: 3,
  exact: 9_007_199_254_740_991,
  lost: 2 ** 53,
  huge: 1e300,
  nothing: null,
  note: undefined,
};
const variables = {
  object: {},
  context,
  operation: 'wire',
  requester: { username: 'alice', groups: ['dev'] },
  risk: { score: 62, criticality: 80 },
  now: Date.UTC(2026, 2, 29, 0, 59),
};
const run = (source: string): Outcome => program(source).run(variables);
const fault = (source: string, scope: Scope = 'policy', result: 'bool' | 'number' = 'bool') => {
  const compiled = compile(source, { scope, result });
  if ('run' in compiled) throw new Error(`${source} was compiled`);
  return compiled;
};

describe('numbers of JSON', () => {
  it.each([
    'context.amount > 1000',
    'context.amount > context.count',
    'context.count == 3 && context.count + 1 == 4 && context.count / 2 == 1',
    'context.amount * 2.0 == 2001.0',
    'type(context.count) == int && type(context.amount) == double && type(context.huge) == double',
    'context.exact + 1 == 9007199254740992',
    'context.huge > 1e299',
    'has(context.lost)',
  ])('%s', (source) => expect(run(source)).toEqual({ ok: true, value: true }));

  it('fail where they are used when JavaScript may have rounded them, rather than being wrong', () => {
    for (const source of ['context.lost > 0', 'context.lost == context.lost', '[context.lost].size() == 1', 'context == context']) {
      expect(run(source)).toMatchObject({ ok: false, fault: expect.stringContaining('beyond 2^53') });
    }
  });

  it('are doubles in risk, whole or not', () => {
    expect(run('risk.score / 4.0 == 15.5 && risk.criticality >= 80.0')).toEqual({ ok: true, value: true });
  });
});

describe('a result', () => {
  it('is a number where one is asked for', () => {
    const number = (source: string) => program(source, 'delegation', 'number').run(variables);
    expect(number('context.count * 10')).toEqual({ ok: true, value: 30 });
    expect(number('context.amount > 1000 ? 80 : 20')).toEqual({ ok: true, value: 80 });
    expect(number('double(context.count) / 2.0')).toEqual({ ok: true, value: 1.5 });
    expect(number('5u')).toEqual({ ok: true, value: 5 });
    for (const source of ['1.0 / 0.0', '9007199254740993', 'context.nothing']) {
      expect(number(source)).toEqual({ ok: false, fault: `${JSON.stringify(source)} failed: it did not give a number` });
    }
  });

  it('that only running can tell is tested when it ran', () => {
    expect(run('context.count')).toEqual({ ok: false, fault: '"context.count" failed: it did not give a bool' });
  });

  it('is a fault that names the expression, never an error, where it fails', () => {
    expect(run('context.missing > 1')).toEqual({ ok: false, fault: '"context.missing > 1" failed: no such key: missing' });
    expect(run('context.note == 1')).toEqual({ ok: false, fault: '"context.note == 1" failed: no such key: note' });
    expect(run('approvalRequest.spec.draft == true')).toMatchObject({
      ok: false,
      fault: expect.stringContaining('there is no approvalRequest here'),
    });
    expect(run('context.nothing == null')).toEqual({ ok: true, value: true });
  });
});

describe('a program', () => {
  it('tells which variables it reads, and not those that it binds', () => {
    const { uses, source } = program('context.items.exists(object, object.size > 1) && operation == "x"');
    expect([...uses].sort()).toEqual(['context', 'operation']);
    expect(source).toContain('exists(object');
  });

  it('reads the time that it is given', () => {
    expect(run('now.getHours("Europe/Berlin") == 1 && (now + duration("1m")).getHours("Europe/Berlin") == 3')).toEqual({
      ok: true,
      value: true,
    });
    expect(run('now.getDayOfWeek("America/New_York") == 6 && now.getDayOfWeek() == 0')).toEqual({ ok: true, value: true });
  });
});

describe('a fault', () => {
  it('has the place and what is expected there', () => {
    expect(fault('context.amount > 1 &&\n  contxt.amount < 5')).toEqual({
      message: expect.stringMatching(/^contxt is not known here; expected one of object, context, /) as string,
      line: 2,
      column: 3,
    });
    expect(fault('requester.name == "x"')).toEqual({ message: 'there is no field name', line: 1, column: 11 });
    expect(fault('1 +')).toMatchObject({ line: 1, column: 4 });
    expect(fault('operation.nope()')).toMatchObject({
      message: expect.stringContaining('the method nope with 0 arguments is not offered'),
      column: 11,
    });
    expect(fault('risk.score == 50')).toMatchObject({
      message: expect.stringContaining('write the whole number as a double, such as 50.0'),
    });
    expect(fault('operation.matches("(")')).toMatchObject({ message: expect.stringContaining('is no RE2 regular expression'), column: 19 });
  });

  it.each<[string, number]>([
    ['context.?amount.orValue(0) <= 1000', 9],
    ["context[?'amount'].orValue(0) <= 1000", 9],
    ['true && context. ?amount', 18],
  ])('says of optional fields what to write in their place: %s', (source, column) => {
    expect(fault(source)).toEqual({
      message:
        'optional fields (.? and [?]) are not offered: ask whether the field is there, as in has(context.amount) && context.amount <= 1000',
      line: 1,
      column,
    });
  });

  it.each(['? 1 : 2', 'context.amount > ? 1', '1 == (?2)'])('says nothing of optional fields where there are none: %s', (source) => {
    expect(fault(source).message).not.toContain('optional');
  });

  it('says what it gives where that is not what is asked for', () => {
    expect(fault('1')).toMatchObject({ message: 'it gives an int, expected a bool' });
    expect(fault('true', 'delegation', 'number')).toMatchObject({ message: 'it gives a bool, expected a number' });
  });

  it('is given for a variable that a scope does not have', () => {
    expect(fault('risk.score > 1.0', 'delegation')).toMatchObject({ message: expect.stringContaining('risk is not known here') });
    expect(fault('context.amount > 1', 'match')).toMatchObject({
      message: 'context is not known here; expected one of object, namespaceObject',
    });
    expect(program('requester.username == "bob" && now > timestamp("2026-01-01T00:00:00Z")', 'delegation').uses).toContain('now');
  });
});

describe('a pattern', () => {
  it('matches anywhere unless it is bound, as RE2 does', () => {
    const matches = (pattern: string, text: string): boolean => {
      const compiled = compiledPattern(pattern);
      return 'matches' in compiled && compiled.matches(text);
    };
    expect(matches('CHG-[0-9]+', 'see CHG-12')).toBe(true);
    expect(matches('^CHG-[0-9]+$', 'see CHG-12')).toBe(false);
    expect(matches('^.$', '😀')).toBe(true);
    expect(matches('', '')).toBe(true);
    expect(matches('^[a-z0-9]{1,63}(\\.[a-z0-9]{1,63}){2}$', 'a.b.c')).toBe(true);
  });

  it('of JavaScript alone is refused', () => {
    for (const pattern of ['(?=a)', '(a)\\1', '(?<!b)a', '[', 'a{2,1}', 'a**']) expect(compiledPattern(pattern)).toHaveProperty('message');
  });
});

describe('conditions of Jobs, which the API server evaluates', () => {
  const job = { ...parityJob, metadata: { ...parityJob.metadata, name: 'wire', namespace: 'pay' } };
  const namespaceObject = { metadata: { name: 'pay', labels: namespaceLabels } };

  it.each(parityCases)('$expression gives $gives', ({ expression, gives }) => {
    const given = program(expression, 'match').run({ object: job, namespaceObject });
    expect(given.ok ? given.value : `fails`).toBe(gives);
  });

  it.each([...refusedByBoth, ...notOfferedHere])('%s is refused', (expression) => {
    expect(fault(expression, 'match').message).not.toBe('');
  });
});
