import { describe, expect, it } from 'vitest';
import { question } from './complete.ts';

const values = (before: string[], current: string): string[] => {
  const asked = question(before, current);
  return asked.kind === 'fixed' ? asked.proposals.map((p) => p.value) : [`<${asked.kind}>`];
};

describe('what is to be completed', () => {
  it.each([
    ['names and verbs at first', [], '', ['<names>']],
    ['namespaces after -n', ['-n'], '', ['<namespaces>']],
    ['namespaces after --namespace', ['list', '--namespace'], 'pay', ['<namespaces>']],
    ['files after --kubeconfig', ['--kubeconfig'], '', ['<files>']],
    ['nothing after -m, which takes words', ['a', '-m'], '', []],
    ['goals after --for', ['wait', 'a', '--for'], '', ['approved', 'settled', 'completed']],
    ['shells', ['completion'], '', ['bash', 'zsh', 'fish', 'kubectl']],
    ['no second shell', ['completion', 'bash'], '', []],
    ['no names for list', ['list'], '', []],
    ['one name only for why', ['why', 'a'], '', []],
    ['more names to wait for', ['wait', 'a'], '', ['<names>']],
  ])('is %s', (_what, before, current, expected) => {
    expect(values(before, current)).toEqual(expected);
  });

  it('offers the flags of the verb and no others', () => {
    expect(values(['list'], '--')).toContain('--mine');
    expect(values(['list'], '--')).not.toContain('--reject');
    expect(values([], '-')).toContain('--reject');
    expect(values(['version'], '--')).not.toContain('--context');
  });

  it('offers verbs as the first word only, and no name twice', () => {
    expect(question([], '')).toMatchObject({ withVerbs: true, taken: [] });
    expect(question(['a'], '')).toMatchObject({ withVerbs: false, taken: ['a'] });
    expect(question(['describe'], '')).toMatchObject({ withVerbs: false, verb: 'describe' });
  });
});
