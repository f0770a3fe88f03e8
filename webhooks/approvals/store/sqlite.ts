import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type SqliteDatabase,
} from 'kysely';
import { Problem } from '../http/problem.ts';
import { refuseUnstorable } from './text.ts';
import { StoreUnavailable } from './unavailable.ts';

/** How long a statement waits for another process that writes to the same file. The event loop waits with it. */
const busyTimeoutMs = 5_000;

/** kysely's SQLite dialect over Node's own SQLite. What a commit acknowledged outlives the process and the machine's power. */
export function sqliteDialect(file: string): Dialect {
  return {
    createAdapter: () => new Adapter(),
    createDriver: () => new Driver({ database: () => open(file) }),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class Adapter extends SqliteAdapter {
  // It is so in SQLite; with it, migrations that two processes start together run within the lock of one transaction.
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class Driver extends SqliteDriver {
  // Not deferred: a transaction that reads and then wants to write would fail if another process wrote meanwhile, however long it would wait.
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

async function open(file: string): Promise<SqliteDatabase> {
  try {
    // For its owner alone: payloads name people. SQLite gives the files beside it the same mode.
    closeSync(openSync(file, 'a', 0o600));
    const database = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
    await makeWal(database);
    database.exec('pragma synchronous = full');
    return adapted(database);
  } catch (error) {
    throw asStoreError(error);
  }
}

/** Two processes that do this to a new file at one moment would wait for each other, so SQLite tells one of them at once that it is locked. */
async function makeWal(database: DatabaseSync): Promise<void> {
  const giveUpAt = Date.now() + busyTimeoutMs;
  for (;;) {
    try {
      database.exec('pragma journal_mode = wal');
      return;
    } catch (error) {
      if (codeOf(error) === busy && Date.now() < giveUpAt) await sleep(20);
      else {
        database.close();
        throw error;
      }
    }
  }
}

/** Node's SQLite in the shape of better-sqlite3, which kysely knows. */
const adapted = (database: DatabaseSync): SqliteDatabase => ({
  close: () => database.close(),
  prepare: (sql) => {
    const statement = guarded(() => database.prepare(sql));
    const reader = statement.columns().length > 0;
    const written = <T>(run: () => T): T => guarded(() => (momentary.test(sql) ? atOnce(database, run) : run()));
    return {
      reader,
      all: (parameters) => written(() => statement.all(...bound(parameters))),
      run: (parameters) => written(() => statement.run(...bound(parameters))),
      iterate: (parameters) => guarded(() => statement.iterate(...bound(parameters))),
    };
  },
});

/**
 * A token of somebody's rate, and a key that is taken for half a minute: worth nothing any more once the power has failed. The event loop waits with a
 * statement for the disk, so these do not; whatever is committed after them takes them along.
 */
const momentary = /^insert into "(?:rate|idempotency)" /;

function atOnce<T>(database: DatabaseSync, run: () => T): T {
  database.exec('pragma synchronous = normal');
  try {
    return run();
  } finally {
    database.exec('pragma synchronous = full');
  }
}

function bound(parameters: readonly unknown[]): SQLInputValue[] {
  refuseUnstorable(parameters);
  return parameters as SQLInputValue[];
}

function guarded<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw asStoreError(error);
  }
}

/** SQLite's codes for what may pass by itself or by an administrator's hand: busy, locked, no memory, read-only, I/O, full, cannot open. */
const passing = new Set([5, 6, 7, 8, 10, 13, 14]);
const busy = 5;

/** The lower byte of SQLite's code; the upper ones say more exactly what kind. */
const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;

function asStoreError(error: unknown): unknown {
  if (error instanceof Problem || !(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code !== undefined) return passing.has(code) ? new StoreUnavailable(error) : error;
  // Of the file system.
  return 'syscall' in error ? new StoreUnavailable(error) : error;
}
