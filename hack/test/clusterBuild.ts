import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inform } from './progress.ts';

/** Builds what is missing of the cluster's programs beside the suites that do without a cluster; settles when they are there, or have failed to be. */
export function startBuildingCluster(): Promise<void> {
  const program = join(import.meta.dirname, '..', 'cluster', 'main.ts');
  const child = spawn(process.execPath, [program, 'build'], { stdio: ['ignore', 'pipe', 'inherit'] });
  // The tests that run meanwhile have time limits; the compiler has none. Its own children inherit this.
  if (child.pid !== undefined) setPriority(child.pid, 10);
  createInterface(child.stdout).on('line', (line) => inform(`[cluster] ${line}`));
  return new Promise((resolve) => {
    // A failure is not told twice: whatever needs the cluster tries again and fails with the reason.
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
}
