import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { TestNamespace } from '../../fixtures/world.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The built plugin, as kubectl finds it on the PATH. */
export interface Installed {
  /** `kubectl approve …` as one person, in the test's namespace. */
  as(kubeconfig: string, namespace: string): (...args: string[]) => Promise<Ended>;
  /** kubectl itself. */
  kubectl(kubeconfig: string, ...args: string[]): Promise<Ended>;
  /** The program itself, for what runs until it is interrupted. */
  readonly file: string;
  remove(): void;
}

/** Builds the plugin into a folder of its own and puts it beside kubectl. */
export async function install(ns: TestNamespace): Promise<Installed> {
  const dir = mkdtempSync(join(tmpdir(), 'kubectl-approve-'));
  const bin = join(dir, 'bin');
  const plain = { ...process.env, NO_COLOR: '1' };
  const built = await run(process.execPath, [join(root, 'hack', 'build.ts'), 'plugin', '--out', dir], plain);
  if (built.code !== 0) throw new Error(`the plugin was not built: ${built.err}`);
  const script = await run(join(bin, 'kubectl-approve'), ['completion', 'kubectl'], withPath(plain, bin, dirname(process.execPath)));
  writeFileSync(join(bin, 'kubectl_complete-approve'), script.out);
  chmodSync(join(bin, 'kubectl_complete-approve'), 0o755);
  const env = withPath(plain, bin, dirname(process.execPath), dirname(ns.cluster.kubectl));
  const kubectl = (kubeconfig: string, ...args: string[]): Promise<Ended> =>
    run(ns.cluster.kubectl, args, { ...env, KUBECONFIG: kubeconfig });
  return {
    kubectl,
    as:
      (kubeconfig, namespace) =>
      (...args) =>
        kubectl(kubeconfig, 'approve', '-n', namespace, ...args),
    file: join(bin, 'kubectl-approve'),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

const withPath = (env: NodeJS.ProcessEnv, ...folders: string[]): NodeJS.ProcessEnv => ({
  ...env,
  PATH: [...folders, env['PATH'] ?? ''].join(delimiter),
});

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(command, [...args], { env, maxBuffer: 1 << 26 }, (error, out, err) => {
      if (error === null) resolve({ code: 0, out, err });
      else if (typeof error.code === 'number') resolve({ code: error.code, out, err });
      else reject(new Error(`${command} did not end by itself: ${error.message}`, { cause: error }));
    });
  });
}
