import { sql, type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export type StoreDialect = 'sqlite' | 'postgres';

/** Every step from an empty database to the tables of tables.ts, in the order of their names. A step that was released is never changed. */
export const migrationsFor = (dialect: StoreDialect): Record<string, Migration> => ({
  '0001-tables': { up: (db) => createTables(db as Kysely<unknown>, dialect) },
  '0002-link-mail': { up: (db) => addMailOfLinks(db as Kysely<unknown>) },
});

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const zero = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().defaultTo(0);
const primary = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().primaryKey();

/** A number that only grows, given by the database. */
const withSerial = (table: CreateTableBuilder<string>, dialect: StoreDialect): CreateTableBuilder<string, 'id'> =>
  dialect === 'sqlite'
    ? table.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    : table.addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity());

async function createTables(db: Kysely<unknown>, dialect: StoreDialect): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('idempotency')
    .addColumn('id', 'text', primary)
    .addColumn('fingerprint', 'text', required)
    .addColumn('locked_by', 'text', required)
    .addColumn('locked_until', 'bigint', required)
    .addColumn('answer', 'text')
    .addColumn('created_at', 'bigint', required)
    .execute();
  await schema.createIndex('idempotency_created').on('idempotency').column('created_at').execute();

  await schema.createTable('rate').addColumn('caller', 'text', primary).addColumn('full_at', 'bigint', required).execute();
  await schema.createIndex('rate_full').on('rate').column('full_at').execute();

  await schema
    .createTable('link')
    .addColumn('hash', 'text', primary)
    .addColumn('namespace', 'text', required)
    .addColumn('request', 'text', required)
    .addColumn('request_uid', 'text', required)
    .addColumn('digest', 'text', required)
    .addColumn('approver', 'text', required)
    .addColumn('verdict', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .addColumn('taken_until', 'bigint', zero)
    .addColumn('used_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute();
  await schema.createIndex('link_request').on('link').column('request_uid').execute();
  await schema.createIndex('link_expires').on('link').column('expires_at').execute();

  await createDeliveries(db, dialect);

  await schema.createTable('seen').addColumn('id', 'text', primary).addColumn('expires_at', 'bigint', required).execute();
  await schema.createIndex('seen_expires').on('seen').column('expires_at').execute();

  await withSerial(schema.createTable('audit'), dialect)
    .addColumn('at', 'bigint', required)
    .addColumn('actor', 'text', required)
    .addColumn('action', 'text', required)
    .addColumn('resource', 'text', required)
    .addColumn('details', 'text', required)
    .execute();
  for (const column of ['actor', 'action', 'resource'] as const) {
    await schema.createIndex(`audit_${column}`).on('audit').columns([column, 'id']).execute();
  }
  await schema.createIndex('audit_at').on('audit').column('at').execute();
}

/** Where links went that were sent before is not known, and they decide nothing any more: `unknownAddress` in links.ts. */
async function addMailOfLinks({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .alterTable('link')
    .addColumn('mail_hash', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
}

async function createDeliveries({ schema }: Kysely<unknown>, dialect: StoreDialect): Promise<void> {
  await schema
    .createTable('delivery')
    .addColumn('id', 'text', primary)
    .addColumn('key', 'text', required)
    .addColumn('kind', 'text', required)
    .addColumn('namespace', 'text', required)
    .addColumn('request', 'text', required)
    .addColumn('request_uid', 'text', required)
    .addColumn('event', 'text', required)
    .addColumn('target', 'text', required)
    .addColumn('recipient', 'text')
    .addColumn('payload', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('attempts', 'integer', zero)
    .addColumn('next_at', 'bigint', required)
    .addColumn('locked_by', 'text')
    .addColumn('locked_until', 'bigint', zero)
    .addColumn('created_at', 'bigint', required)
    .addColumn('done_at', 'bigint')
    .addColumn('reference', 'text')
    .execute();
  // Only of what is still owed: the index stays small while what was delivered is kept for months.
  await schema.createIndex('delivery_due').on('delivery').column('next_at').where(sql.ref('state'), '=', sql.lit('Pending')).execute();
  await schema.createIndex('delivery_request').on('delivery').columns(['request_uid', 'created_at']).execute();
  await schema.createIndex('delivery_created').on('delivery').column('created_at').execute();

  await withSerial(schema.createTable('attempt'), dialect)
    .addColumn('delivery', 'text', (column) => column.notNull().references('delivery.id').onDelete('cascade'))
    .addColumn('at', 'bigint', required)
    .addColumn('ok', 'integer', required)
    .addColumn('message', 'text', required)
    .execute();
  await schema.createIndex('attempt_delivery').on('attempt').columns(['delivery', 'id']).execute();
}
