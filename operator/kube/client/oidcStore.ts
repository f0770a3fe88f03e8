import { closeSync, openSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMap, isSeq, parseDocument } from 'yaml';

const lockAttempts = 20;
const lockPauseMs = 100;

/**
 * Writes refreshed tokens back to the kubeconfig they came from, comments and order kept. Uses the lock file that kubectl uses, so that two
 * refreshes do not undo each other. A kubeconfig that may not be written is left alone: the tokens are then good for this run only.
 */
export async function saveTokens(file: string, user: string, idToken: string, refreshToken: string): Promise<void> {
  const lock = `${file}.lock`;
  if (!(await takeLock(lock))) return;
  try {
    // A kubeconfig is often a symbolic link into some dotfiles.
    const target = realpathSync(file);
    const document = parseDocument(readFileSync(target, 'utf8'));
    const users = document.get('users');
    if (!isSeq(users)) return;
    const entry = users.items.find((item) => isMap(item) && item.get('name') === user);
    if (!isMap(entry)) return;
    entry.setIn(['user', 'auth-provider', 'config', 'id-token'], idToken);
    entry.setIn(['user', 'auth-provider', 'config', 'refresh-token'], refreshToken);
    const next = `${target}.${process.pid}.new`;
    writeFileSync(next, document.toString({ lineWidth: 0 }), { mode: statSync(target).mode & 0o777 });
    renameSync(next, target);
  } catch {
    // The tokens work without being kept.
  } finally {
    rmSync(lock, { force: true });
  }
}

async function takeLock(lock: string): Promise<boolean> {
  for (let attempt = 0; attempt < lockAttempts; attempt++) {
    try {
      closeSync(openSync(lock, 'wx'));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
      await sleep(lockPauseMs);
    }
  }
  return false;
}
