import { sql, type Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrationsFor, type StoreDialect } from './migrations.ts';
import type { Tables } from './tables.ts';

/** Which steps were taken is written into the database itself, under names that nothing else in it has. */
const migrationTableName = 'countersign_migration';
const migrationLockTableName = 'countersign_migration_lock';

/** Brings the tables up to date. Replicas that start together take turns; a database of a newer version is left as it is and refused. */
export async function migrate(db: Kysely<Tables>, dialect: StoreDialect): Promise<void> {
  const migrations = migrationsFor(dialect);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    migrationTableName,
    migrationLockTableName,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  // Of which kysely says that its migrations are corrupted.
  await refuseNewer(db, migrations);
  throw error instanceof Error ? error : new Error('the database could not be brought up to date', { cause: error });
}

async function refuseNewer(db: Kysely<Tables>, migrations: object): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === migrationTableName)) return;
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(migrationTableName)} order by name`.execute(db);
  const unknown = rows.map(({ name }) => name).filter((name) => !(name in migrations));
  if (unknown.length === 0) return;
  throw new Error(
    `the database was made by a newer version of Countersign (it has had the migration ${unknown.join(', ')}, which this one does not know): ` +
      `run that version or a later one, or give this one a database of its own`,
  );
}
