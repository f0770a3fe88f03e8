import { isAbsolute } from 'node:path';
import { Kysely, sql, type Dialect } from 'kysely';
import { migrate } from './migrate.ts';
import type { StoreDialect } from './migrations.ts';
import { postgresDialect } from './postgres.ts';
import { sqliteDialect } from './sqlite.ts';
import type { Tables } from './tables.ts';

export { StoreUnavailable } from './unavailable.ts';

/** The service's database. What it cannot do because it is away rejects with StoreUnavailable, a Problem of its own. */
export interface Store {
  readonly db: Kysely<Tables>;
  readonly dialect: StoreDialect;
  /** Rejects while the database is away. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** `sqlite:/path/file.db` for one replica, `postgres://user:password@host/database` for several. */
  readonly url: string;
}

/** The most connections of one replica to PostgreSQL. */
const connections = 10;

/** Opens the database and brings its tables up to date. Rejects while it is away (StoreUnavailable: try again), and when it never will do (Error). */
export async function openStore({ url }: StoreOptions): Promise<Store> {
  const target = targetOf(url);
  await migrated(target);
  const db = new Kysely<Tables>({
    dialect: target.dialect === 'sqlite' ? sqliteDialect(target.file) : postgresDialect({ url, statementTimeoutMs: 5_000, connections }),
  });
  return {
    db,
    dialect: target.dialect,
    ping: async () => {
      await sql`select 1`.execute(db);
    },
    close: () => db.destroy(),
  };
}

type Target = { readonly dialect: 'sqlite'; readonly file: string } | { readonly dialect: 'postgres'; readonly url: string };

/** Which database a URL names. What it says is never repeated: it may hold a password. */
function targetOf(url: string): Target {
  if (/^postgres(ql)?:\/\/./.test(url)) return { dialect: 'postgres', url };
  const file = /^sqlite:(.+)$/.exec(url)?.[1];
  if (file !== undefined && isAbsolute(file)) return { dialect: 'sqlite', file };
  const scheme = /^[a-z]+(?=:)/.exec(url)?.[0];
  throw new Error(
    `the URL of the database ${scheme === undefined ? 'has no scheme' : `begins with "${scheme}:"`}; ` +
      `expected sqlite:/absolute/path/file.db or postgres://user:password@host:5432/database`,
  );
}

/** On connections of their own: to build an index on a large table, or to wait for a replica that does, takes longer than any query may. */
async function migrated(target: Target): Promise<void> {
  const patient: Dialect =
    target.dialect === 'sqlite'
      ? sqliteDialect(target.file)
      : postgresDialect({ url: target.url, statementTimeoutMs: 300_000, connections: 1 });
  const db = new Kysely<Tables>({ dialect: patient });
  try {
    if (target.dialect === 'postgres') await refuseOtherEncodings(db);
    await migrate(db, target.dialect);
  } finally {
    await db.destroy();
  }
}

async function refuseOtherEncodings(db: Kysely<Tables>): Promise<void> {
  const { rows } = await sql<{ server_encoding: string }>`show server_encoding`.execute(db);
  const encoding = rows[0]?.server_encoding;
  if (encoding !== 'UTF8') {
    throw new Error(`the database keeps text as ${encoding ?? 'an unknown encoding'}; expected UTF8: create it with ENCODING 'UTF8'`);
  }
}
