import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.ts';
import { binaryNames, cacheFolder, kubernetesVersion, recipes } from './recipe.ts';
import type { BinaryName, Recipe } from './recipe.ts';

export type Binaries = Record<BinaryName, string>;
type Log = (line: string) => void;

/** The paths of all programs a cluster needs: from KUBEBUILDER_ASSETS, else from the cache, else built into the cache. */
export async function provideBinaries(log: Log): Promise<Binaries> {
  const given = givenBinaries(log);
  const folder = join(cacheFolder(), 'bin');
  const paths = Object.fromEntries(binaryNames.map((name) => [name, given[name] ?? join(folder, name)])) as Binaries;
  if (binaryNames.some((name) => !existsSync(paths[name]))) await buildMissing(given, folder, log);
  return paths;
}

/** What KUBEBUILDER_ASSETS holds, when it is of our minor version; it never holds all, so the rest still comes from the cache. */
function givenBinaries(log: Log): Partial<Binaries> {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  if (!folder) return {};
  const names = ['etcd', 'kube-apiserver', 'kubectl'] as const;
  if (!names.every((name) => existsSync(join(folder, name)))) {
    log('KUBEBUILDER_ASSETS does not hold etcd, kube-apiserver and kubectl; it is not used');
    return {};
  }
  const wanted = kubernetesVersion().split('.').slice(0, 2).join('.');
  const answer = spawnSync(join(folder, 'kube-apiserver'), ['--version'], { encoding: 'utf8' }).stdout;
  if (!answer.includes(` ${wanted}.`)) {
    log(`KUBEBUILDER_ASSETS holds ${answer.trim() || 'an unknown version'}, not ${wanted}; it is not used`);
    return {};
  }
  return Object.fromEntries(names.map((name) => [name, join(folder, name)]));
}

async function buildMissing(given: Partial<Binaries>, folder: string, log: Log): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const waiting = (): void => log("another process is building the cluster's programs; waiting for it");
  await withLock(join(cacheFolder(), 'lock'), waiting, async () => {
    const todo = recipes().filter(({ name }) => given[name] === undefined && !existsSync(join(folder, name)));
    if (todo.length === 0) return;
    requireGo();
    for (const left of readdirSync(folder).filter((file) => file.startsWith('.'))) rmSync(join(folder, left));
    log(`building ${todo.length} programs of the cluster from their Go modules; once; on two cores it takes five to ten minutes`);
    for (const [index, recipe] of todo.entries()) {
      await buildOne(recipe, folder, `[${index + 1}/${todo.length}] ${recipe.name}`, log);
    }
  });
}

function requireGo(): void {
  const found = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (found.error || found.status !== 0) {
    throw new Error('Go is missing: install Go 1.21 or later (https://go.dev/dl), the development cluster is built with it.');
  }
}

async function buildOne(recipe: Recipe, folder: string, title: string, log: Log): Promise<void> {
  const started = Date.now();
  const seconds = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
  log(`${title} …`);
  const heartbeat = setInterval(() => log(`${title} … ${seconds()} so far`), 30_000);
  // Renamed when complete, so that an interrupted build leaves nothing that looks finished.
  const unfinished = join(folder, `.${recipe.name}-${process.pid}`);
  try {
    await goBuild(recipe, unfinished);
  } finally {
    clearInterval(heartbeat);
  }
  renameSync(unfinished, join(folder, recipe.name));
  log(`${title} … ${seconds()}`);
}

function goBuild(recipe: Recipe, output: string): Promise<void> {
  const args = ['build', '-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags', recipe.ldflags, '-o', output, recipe.package];
  // GOTOOLCHAIN=auto: an older Go fetches the one that go.mod asks for. GOWORK=off: a workspace around this tree is not ours.
  const env = { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'auto', GOWORK: 'off' };
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, { cwd: recipe.module, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let tail = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (tail = (tail + text).slice(-4000)));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`go build ${recipe.package} failed (${code ?? 'killed'}):\n${tail}`));
    });
  });
}
