import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'countersign-build-test-'));
  folders.push(made);
  return made;
};
const build = (...args: string[]) => spawnSync(process.execPath, [join(root, 'hack/build.ts'), ...args], { encoding: 'utf8' });
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Every file below a folder, with its content's hash and its mode. */
const contents = (of: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(of, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [relative(of, file), `${sha256(file)} ${(statSync(file).mode & 0o777).toString(8)}`]),
  );

let first: string;

beforeAll(() => {
  first = folder();
  const { status, stderr } = build('--out', first);
  expect(stderr).toBe('');
  expect(status).toBe(0);
}, 60_000);
afterAll(() => folders.forEach((made) => rmSync(made, { recursive: true })));

describe('the build', () => {
  it('makes the same bytes twice, wherever it writes them', () => {
    const second = folder();
    build('--out', second);
    expect(contents(second)).toEqual(contents(first));
  }, 60_000);

  it('names no folder of the machine that built it', () => {
    for (const file of Object.keys(contents(first))) expect(readFileSync(join(first, file)).includes(root), file).toBe(false);
  });

  it.each(['dist/operator.mjs', 'bin/kubectl-approve'])('writes %s in ASCII alone, which is kept in half the memory', (file) => {
    expect(readFileSync(join(first, file)).findIndex((byte) => byte > 127)).toBe(-1);
  });

  it('makes a plugin that runs from anywhere, as one file', () => {
    const alone = join(folder(), 'kubectl-approve');
    copyFileSync(join(first, 'bin/kubectl-approve'), alone);
    expect(execFileSync(alone, ['--help'], { encoding: 'utf8' })).toContain('kubectl approve');
    expect(execFileSync(join(first, 'bin/kubectl-approve'), ['--help'], { encoding: 'utf8' })).toContain('kubectl approve');
  });

  it('makes a server that says what its configuration lacks', () => {
    const env = { PATH: process.env['PATH'] };
    const { status, stderr } = spawnSync(process.execPath, [join(first, 'dist/operator.mjs')], { encoding: 'utf8', env });
    expect(status).toBe(1);
    expect(stderr).toContain('COUNTERSIGN_NAMESPACE');
  });

  it('makes a krew manifest that is right about the archive beside it', () => {
    const manifest = parse(readFileSync(join(first, 'dist/krew/approve.yaml'), 'utf8')) as {
      apiVersion: string;
      metadata: { name: string };
      spec: { version: string; platforms: { sha256: string; bin: string; files: { from: string }[] }[] };
    };
    expect(manifest).toMatchObject({ apiVersion: 'krew.googlecontainertools.github.com/v1alpha2', metadata: { name: 'approve' } });
    expect(manifest.spec.version).toMatch(/^v\d+\.\d+\.\d+$/);
    const [platform] = manifest.spec.platforms;
    const archive = join(first, 'dist/kubectl-approve.tar.gz');
    expect(platform?.sha256).toBe(sha256(archive));
    const listed = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).trim().split('\n');
    expect(platform?.files.map((file) => file.from).sort()).toEqual(listed.sort());
    expect(listed).toContain(platform?.bin);
  });

  it('names what it cannot build', () => {
    const { status, stderr } = build('dashboard');
    expect(status).not.toBe(0);
    expect(stderr).toContain('cannot build "dashboard"; expected any of operator, plugin, krew');
  });
});
