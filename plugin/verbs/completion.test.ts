import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from '../arguments/parse.ts';
import type { Io } from '../io.ts';
import { palette } from '../output/palette.ts';
import { completion } from './completion.ts';

async function script(shell: string): Promise<string> {
  let text = '';
  const io: Io = {
    out: (t) => (text += t),
    err: () => undefined,
    errIsTerminal: false,
    input: () => Promise.resolve(''),
    colours: palette(false, {}),
    env: {},
  };
  expect(await completion(parse(['completion', shell]), io)).toBe(0);
  return text;
}

describe('completion scripts', () => {
  let dir = '';

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'completion-'));
    // Stands in for the plugin: answers with the words it was given, as proposals.
    writeFileSync(join(dir, 'kubectl-approve'), '#!/bin/sh\nfor word in "$@"; do printf \'%s\\tabout it\\n\' "<$word>"; done\necho :4\n');
    chmodSync(join(dir, 'kubectl-approve'), 0o755);
  });

  afterAll(() => rmSync(dir, { recursive: true }));

  const bash = (input: string): string =>
    execFileSync('bash', ['--norc'], { input, env: { PATH: `${dir}:${process.env['PATH'] ?? ''}` }, encoding: 'utf8' });

  it('for bash passes the words up to the cursor, and offers values without descriptions', async () => {
    const typed = 'COMP_WORDS=(kubectl-approve list -n "" --mine); COMP_CWORD=3; _kubectl_approve; printf "%s\\n" "${COMPREPLY[@]}"';
    expect(bash(`${await script('bash')}\n${typed}`)).toBe('<__complete>\n<list>\n<-n>\n<>\n');
  });

  it('for bash is what completes the command', async () => {
    expect(bash(`${await script('bash')}\ncomplete -p kubectl-approve`)).toBe('complete -F _kubectl_approve kubectl-approve\n');
  });

  it("for kubectl passes kubectl's words on", async () => {
    writeFileSync(join(dir, 'kubectl_complete-approve'), await script('kubectl'));
    chmodSync(join(dir, 'kubectl_complete-approve'), 0o755);
    expect(bash('kubectl_complete-approve why ""')).toBe('<__complete>\tabout it\n<why>\tabout it\n<>\tabout it\n:4\n');
  });

  it.each(['bash', 'kubectl'])('for %s is valid to its shell', async (shell) => {
    execFileSync(shell === 'bash' ? 'bash' : 'sh', ['-n'], { input: await script(shell) });
  });

  it('names the shells there are when asked for another', () => {
    expect(() => completion(parse(['completion', 'bahs']), {} as Io)).toThrow(
      'completion takes one of bash, zsh, fish, kubectl, not "bahs"; did you mean bash?',
    );
  });
});
