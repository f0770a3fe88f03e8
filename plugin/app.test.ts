import { describe, expect, it } from 'vitest';
import { run } from './app.ts';
import { verbs } from './arguments/flags.ts';
import type { Io } from './io.ts';
import { palette } from './output/palette.ts';

/** Runs a command line that reaches no cluster. */
async function said(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io: Io = {
    out: (text) => (out += text),
    err: (text) => (err += text),
    errIsTerminal: false,
    input: () => Promise.resolve(''),
    colours: palette(false, {}),
    env: { KUBECONFIG: '/nowhere/kubeconfig' },
  };
  return { code: await run(argv, io), out, err };
}

const wrongUsage: readonly (readonly [string[], RegExp])[] = [
  [['--frobnicate'], /^error: Unknown flag --frobnicate\.\n/],
  [['list', 'a'], /list takes no names/],
  [['list', '-o', 'xml'], /-o xml is not known here; expected json, yaml, wide, name\./],
  [['describe'], /describe takes at least one NAME/],
  [['describe', 'a', '-o', 'wide'], /-o wide is not known here; expected json, yaml\./],
  [['why'], /why takes one NAME/],
  [['why', 'a', 'b'], /why takes one NAME/],
  [['wait'], /wait takes at least one NAME/],
  [['wait', 'a', '--for', 'aproved'], /--for=aproved is unknown; expected approved, settled, completed; did you mean approved\?/],
  [['wait', 'a', '--timeout', 'soon'], /--timeout: "soon" is not a duration/],
  [['a', '--request-timeout', 'soon'], /--request-timeout: "soon" is not a duration/],
  [['--reject'], /Name at least one request/],
  [['comment', 'a'], /A comment needs words/],
  [['a', '-m', 'x'.repeat(1025)], /--reason has 1025 characters; at most 1024 are kept/],
  [['a', '--answer', 'amount'], /--answer is "amount"; expected NAME=VALUE, such as amount=50000\./],
  [['a', '--answer', 'a=1', '--reject'], /--answer goes with approving; a rejection answers nothing\./],
  [['list', '--answer', 'a=1'], /--answer is not a flag of "kubectl approve list"\./],
  [['a', '--ticket', 'x'.repeat(257)], /--ticket has 257 characters; at most 256 are kept/],
  [Array.from({ length: 101 }, (_, i) => `r-${i}`), /101 names; one decision takes at most 100/],
  [['help', 'lsit'], /There is no help about "lsit"; did you mean list\?/],
  [['completion'], /completion takes one of bash, zsh, fish, kubectl\./],
  [['version', 'x'], /version takes no names/],
  [['a', '--answer', 'x'], /--answer is "x"; expected NAME=VALUE/],
  [['override', 'a', '-m', 'fire'], /An override needs the ticket/],
  [['override', 'a', '--ticket', 'INC-1'], /An override needs a reason/],
  [['review', 'a'], /A review needs words/],
  [['reassign', 'a', '--from', 'x', '--to', 'y'], /--stage is missing/],
  [['reassign', 'a', '--stage', 's', '--to', 'y'], /--from is missing/],
  [['reassign', 'a', '--stage', 's', '--from', 'x'], /--to is missing/],
  [['revoke'], /Name at least one request/],
  [['a', '--standing', '0/7d'], /--standing is "0\/7d"; expected RUNS\/DURATION/],
  [['a', '--standing', '20'], /--standing is "20"; expected RUNS\/DURATION/],
  [['a', '--reject', '--standing', '1/1d'], /--standing agrees to further runs/],
  [['a', '--yes'], /--yes is for batches/],
  [['a', '-A'], /-A is for batches/],
  [['a', '-l', 'team=x'], /-l and --operation choose the requests; leave out the names \(a\)/],
  [['--operation', 'x', '--standing', '1/1d'], /--standing is for requests that are named/],
  [['simulate'], /simulate takes either -f FILE/],
  [['simulate', '-f', 'a', '--policy', 'b'], /simulate takes either -f FILE/],
  [['simulate', 'a'], /simulate takes no names/],
  [['simulate', '-f', '/nowhere/wire.yaml'], /Cannot read \/nowhere\/wire.yaml: there is no such file/],
  [['audit', 'a'], /audit takes no names/],
  [['bypass', 'a'], /bypass takes no names/],
  [['bypass', '-o', 'wide'], /-o wide is not known here; expected json, yaml/],
  [['watch', 'a'], /watch takes no names/],
  [['watch', '-o', 'yaml'], /-o yaml is not known here; expected json, name/],
];

describe('the command line', () => {
  it.each(wrongUsage)('%j is wrong usage: exit code 2, a sentence on stderr, nothing on stdout', async (argv, sentence) => {
    const { code, out, err } = await said(...argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(sentence);
    expect(err).toContain('"kubectl approve help" says how it is used.');
  });

  it('says how it is used when it is given nothing, and calls that wrong usage', async () => {
    const { code, out, err } = await said();
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('kubectl approve NAME… [-m REASON] [--ticket TICKET] [--answer NAME=VALUE]… [--standing RUNS/DURATION]');
  });

  it.each(verbs)('helps with %s', async (verb) => {
    const asked = await said(verb, '--help');
    expect(asked.code).toBe(0);
    expect(asked.out).toContain('Exit codes: 0 approved or done, 1 refused or rejected, 2 wrong usage, 3 timed out.');
    expect((await said('help', verb)).out).not.toBe('');
  });

  it('lists in help only the flags that the verb knows', async () => {
    const { out } = await said('wait', '--help');
    expect(out).toContain('--timeout DURATION');
    expect(out).toContain('--context NAME');
    expect(out).not.toContain('--mine');
  });

  it('fails with exit code 1 when there is no kubeconfig, and says what to do', async () => {
    const { code, err } = await said('list');
    expect(code).toBe(1);
    expect(err).toMatch(/kubeconfig/);
  });

  it('completes verbs without a cluster', async () => {
    const { code, out } = await said('__complete', 'd');
    expect({ code, out }).toEqual({ code: 0, out: 'describe\tverb\n:4\n' });
  });

  it('tells its version without a cluster', async () => {
    const { code, out } = await said('version', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ api: 'countersign.dev/v1alpha1' });
  });
});
