/**
 * Builds what ships: `node hack/build.ts [operator] [plugin] [krew] [--out FOLDER]`, all of them when none is named.
 *   dist/operator.mjs      every role of the server, for the image
 *   bin/kubectl-approve    the plugin, one executable file that needs Node 20 or later
 *   dist/krew/approve.yaml and dist/kubectl-approve.tar.gz    the same for krew
 * The same sources give the same bytes: nothing here reads a clock or the names of folders outside.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build, type BuildOptions } from 'esbuild';

const root = join(import.meta.dirname, '..');
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;

const shared: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  legalComments: 'none',
  logLevel: 'warning',
  define: { 'process.env.COUNTERSIGN_VERSION': JSON.stringify(version) },
};

const targets = { operator: buildOperator, plugin: buildPlugin, krew: buildKrew };

/** Builds as if into this repository, since source maps name their sources from where they lie, and writes it below `out`. */
async function emit(options: BuildOptions, out: string): Promise<void> {
  const { outputFiles } = await build({ ...shared, ...options, write: false });
  for (const { path, contents } of outputFiles) {
    const file = join(out, relative(root, path));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, file.endsWith('.map') ? contents : inAscii(contents));
  }
}

/**
 * One letter beyond ASCII makes V8 keep the whole source in two bytes a letter, 2.5 MB more. esbuild escapes what is in texts, but not in regular
 * expressions, where the same escape means the same.
 */
const inAscii = (contents: Uint8Array): string =>
  Buffer.from(contents)
    .toString('utf8')
    .replaceAll(/[\u0080-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

async function buildOperator(out: string): Promise<void> {
  const options: BuildOptions = {
    entryPoints: { operator: 'operator/main.ts' },
    outdir: join(root, 'dist'),
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    target: 'node24',
    // In one file: split into chunks, a CommonJS module that is imported on demand (undici, the tracing SDK) loses its named exports. What is not
    // asked for is read but not run.
    splitting: false,
    sourcemap: 'linked',
    sourcesContent: false,
    // The process keeps its source in memory. Names stay: they are in metrics, logs and profiles.
    minify: true,
    keepNames: true,
    // Dependencies that are CommonJS call require for Node's own modules.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  };
  await emit(options, out);
}

/**
 * CommonJS, because the file has no extension: wherever somebody puts it, outside of a package, Node takes such a file for CommonJS. Inside this
 * repository it would take it for ESM, hence the package.json beside it.
 */
async function buildPlugin(out: string): Promise<void> {
  const bin = join(out, 'bin');
  const file = join(bin, 'kubectl-approve');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'package.json'), '{ "type": "commonjs" }\n');
  const options: BuildOptions = {
    entryPoints: ['plugin/main.ts'],
    outfile: join(root, 'bin', 'kubectl-approve'),
    format: 'cjs',
    target: 'node20',
    // Half the start-up time of a command is reading its source.
    minify: true,
    keepNames: true,
    banner: { js: '#!/usr/bin/env node' },
  };
  await emit(options, out);
  chmodSync(file, 0o755);
}

async function buildKrew(out: string): Promise<void> {
  await buildPlugin(out);
  const krew = join(out, 'dist', 'krew');
  mkdirSync(krew, { recursive: true });
  const archive = archiveOf({ 'kubectl-approve': join(out, 'bin', 'kubectl-approve'), LICENSE: join(root, 'LICENSE') });
  writeFileSync(join(out, 'dist', 'kubectl-approve.tar.gz'), archive);
  const manifest = readFileSync(join(root, 'config', 'krew', 'approve.yaml'), 'utf8')
    .replace(/^(#.*\n)+/, '')
    .replaceAll('VERSION', version)
    .replace('SHA256', createHash('sha256').update(archive).digest('hex'));
  writeFileSync(join(krew, 'approve.yaml'), manifest);
}

/** A .tar.gz of these files, without the times, owners and order that a folder happens to have. */
function archiveOf(files: Record<string, string>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-build-'));
  try {
    for (const [name, from] of Object.entries(files)) copyFileSync(from, join(folder, name));
    const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=ustar', '--mode=u=rwX,go=rX'];
    return gzipSync(execFileSync('tar', ['-c', ...fixed, '-C', folder, ...Object.keys(files)], { maxBuffer: 1 << 28 }), { level: 9 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const isTarget = (name: string): name is keyof typeof targets => Object.hasOwn(targets, name);

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: 'string', default: root } } });
  const unknown = positionals.filter((name) => !isTarget(name));
  if (unknown.length > 0) throw new Error(`cannot build "${unknown.join('", "')}"; expected any of ${Object.keys(targets).join(', ')}`);
  // krew builds the plugin too.
  const wanted = positionals.length === 0 ? (['operator', 'krew'] as const) : positionals.filter(isTarget);
  for (const name of wanted) await targets[name](values.out);
}

await main();
