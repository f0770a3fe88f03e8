import { PostgresDialect, type Dialect, type PostgresPool, type PostgresPoolClient, type PostgresQueryResult } from 'kysely';
import pg from 'pg';
import { refuseUnstorable } from './text.ts';
import { StoreUnavailable } from './unavailable.ts';

export interface PostgresOptions {
  readonly url: string;
  /** The longest that a statement may take. Every query here has an index and few rows. */
  readonly statementTimeoutMs: number;
  /** The most connections of this process. PostgreSQL allows 100 in all by default. */
  readonly connections: number;
}

/** kysely's PostgreSQL dialect over a pool that is bounded in number and time, and that connects anew after the server was away. */
export function postgresDialect(options: PostgresOptions): Dialect {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: 'countersign-approvals',
    max: options.connections,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    // After a failover or a new password every connection is a new one within this time.
    maxLifetimeSeconds: 1_800,
    keepAlive: true,
    statement_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: 2 * options.statementTimeoutMs,
    // For a server that hangs and so cannot end the statement itself.
    query_timeout: options.statementTimeoutMs + 2_000,
    types: { getTypeParser: parserOf },
  });
  // A connection that breaks while it waits for work, in the pool or in the middle of a transaction, tells nobody but these listeners, and without them
  // Node would end the process. The pool takes such a connection out by itself.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new PostgresDialect({ pool: guardedPool(pool) });
}

type TypeId = Parameters<typeof pg.types.getTypeParser>[0];

/** What pg declares here are overloads that one function cannot have: a parser takes what the server sent. */
const parserOf = ((type: TypeId, format: 'text'): unknown =>
  type === pg.types.builtins.INT8 ? safeNumber : pg.types.getTypeParser(type, format)) as never;

/** 64-bit integers as numbers, as SQLite gives them. */
function safeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the database holds ${text}, which is no integer that JavaScript can hold`);
  return value;
}

const guardedPool = (pool: pg.Pool): PostgresPool => ({
  options: pool.options,
  end: () => pool.end(),
  connect: async () => {
    try {
      return guardedClient(await pool.connect());
    } catch (error) {
      throw new StoreUnavailable(error);
    }
  },
});

function guardedClient(client: pg.PoolClient): PostgresPoolClient {
  let isBroken = false;
  const query = async (sql: string, parameters: readonly unknown[] = []): Promise<unknown> => {
    refuseUnstorable(parameters);
    try {
      return await client.query(sql, [...parameters]);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) {
        // Without an answer from the server nobody knows what the connection is doing: it is not given to anybody else.
        isBroken = true;
        throw new StoreUnavailable(error);
      }
      throw isPassing(error.code ?? '') ? new StoreUnavailable(error) : error;
    }
  };
  return {
    query: query as <R>(sql: string, parameters: readonly unknown[]) => Promise<PostgresQueryResult<R>>,
    release: (destroy) => client.release(destroy === true || isBroken),
  } as PostgresPoolClient;
}

/**
 * PostgreSQL's codes for what passes: broken connections (08), deadlocks (40), full (53), a lock that was not given (55P03), ended by an
 * administrator or a timeout (57), and a server that only reads because it is no longer the first of its cluster (25006).
 */
const isPassing = (code: string): boolean =>
  ['08', '40', '53', '57'].includes(code.slice(0, 2)) || ['55P03', '25P03', '25006'].includes(code);
