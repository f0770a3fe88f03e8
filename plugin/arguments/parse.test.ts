import { describe, expect, it } from 'vitest';
import { UsageError } from '../errors.ts';
import { parse } from './parse.ts';

const refusal = (...argv: string[]): string => {
  try {
    parse(argv);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error(`parse accepted ${argv.join(' ')}`);
};

describe('parse', () => {
  it('approves the names when there is no verb', () => {
    expect(parse(['a', 'b', '-m', 'fine', '--ticket=T-1'])).toEqual({
      verb: 'approve',
      names: ['a', 'b'],
      flags: { reason: 'fine', ticket: 'T-1' },
    });
  });

  it('rejects with a flag before or after the names', () => {
    expect(parse(['--reject', 'a'])).toMatchObject({ verb: 'approve', names: ['a'], flags: { reject: true } });
    expect(parse(['a', '--reject'])).toMatchObject({ names: ['a'], flags: { reject: true } });
  });

  it("finds the verb behind kubectl's flags", () => {
    expect(parse(['-n', 'payments', 'list', '--mine', '-A'])).toEqual({
      verb: 'list',
      names: [],
      flags: { namespace: 'payments', mine: true, 'all-namespaces': true },
    });
  });

  it('collects repeated groups to impersonate', () => {
    expect(parse(['list', '--as', 'bob', '--as-group', 'a', '--as-group=b']).flags).toMatchObject({ as: 'bob', 'as-group': ['a', 'b'] });
  });

  it('takes everything after -- as a name', () => {
    expect(parse(['--', 'a', '-b'])).toMatchObject({ verb: 'approve', names: ['a', '-b'] });
  });

  it.each([
    [['--ticet', 'x', 'a'], 'Unknown flag --ticet; did you mean --ticket?'],
    [['list', '--minee'], 'Unknown flag --minee; did you mean --mine?'],
    [['-x', 'a'], 'Unknown flag -x.'],
    [['a', '--frobnicate'], 'Unknown flag --frobnicate.'],
    [['describe', 'a', '--mine'], '--mine is not a flag of "kubectl approve describe".'],
    [['a', '--timeout', '3s'], '--timeout is not a flag of "kubectl approve NAME…".'],
    [['version', '-n', 'x'], '--namespace is not a flag of "kubectl approve version".'],
    [['a', '-m'], "Option '-m, --reason <value>' argument missing."],
    [['list', '--mine=no'], "Option '--mine' does not take an argument."],
  ])('refuses %j', (argv, message) => {
    expect(refusal(...argv)).toBe(message);
  });
});
