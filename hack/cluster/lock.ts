import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while no other process on this machine does. Node has no file lock, SQLite does: the kernel holds it, so a holder that
 * is killed leaves nothing stale behind, which a file with a pid in it would.
 */
export async function withLock<T>(file: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
  const database = new DatabaseSync(file);
  try {
    for (let attempt = 0; !tryTake(database); attempt++) {
      if (attempt === 0) waiting();
      await sleep(200);
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryTake(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}

const SQLITE_BUSY = 5;
