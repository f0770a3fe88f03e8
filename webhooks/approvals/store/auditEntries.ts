import type { Selectable } from 'kysely';
import { Problem, type FieldProblem } from '../http/problem.ts';
import type { Store } from './index.ts';
import type { AuditTable } from './tables.ts';

/** What another system hands in to be kept. */
export interface NewAuditEntry {
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly resource: string;
  /** Any JSON. */
  readonly details: unknown;
}

export interface AuditEntry extends NewAuditEntry {
  readonly id: number;
}

export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly resource?: string | undefined;
  /** From this time on. */
  readonly from?: number | undefined;
  /** Before this time. */
  readonly to?: number | undefined;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** Give it as `after` to get what comes next; undefined at the end. */
  readonly next: number | undefined;
}

/** How many rows one statement carries. */
const rowsAtOnce = 100;
/** They are in indexes, which take no longer ones. */
const longest = 512;

/** Keeps all of these entries or, if anything fails, none. Gives their ids, in their order. */
export async function appendAudit({ db }: Store, entries: readonly NewAuditEntry[]): Promise<number[]> {
  refuseLong(entries);
  return db.transaction().execute(async (transaction) => {
    const ids: number[] = [];
    for (let start = 0; start < entries.length; start += rowsAtOnce) {
      const rows = entries.slice(start, start + rowsAtOnce).map((entry) => ({ ...entry, details: JSON.stringify(entry.details ?? null) }));
      const put = await transaction.insertInto('audit').values(rows).returning('id').execute();
      ids.push(...put.map(({ id }) => id));
    }
    return ids;
  });
}

/** One page of what was kept, the newest first. */
export async function listAudit(
  { db }: Store,
  filter: AuditFilter,
  page: { readonly limit: number; readonly after?: number | undefined },
): Promise<AuditPage> {
  let query = db
    .selectFrom('audit')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  if (page.after !== undefined) query = query.where('id', '<', page.after);
  for (const field of ['actor', 'action', 'resource'] as const) {
    const wanted = filter[field];
    if (wanted !== undefined) query = query.where(field, '=', wanted);
  }
  if (filter.from !== undefined) query = query.where('at', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('at', '<', filter.to);
  const rows = await query.execute();
  const entries = rows.slice(0, page.limit).map(entryOf);
  return { entries, next: rows.length > page.limit ? entries.at(-1)?.id : undefined };
}

function refuseLong(entries: readonly NewAuditEntry[]): void {
  const fields = entries.flatMap((entry, index): FieldProblem[] =>
    (['actor', 'action', 'resource'] as const)
      .filter((field) => entry[field].length > longest)
      .map((field) => ({
        field: `entries[${index}].${field}`,
        message: `has ${entry[field].length} characters; at most ${longest} are kept`,
      })),
  );
  if (fields.length > 0) {
    throw new Problem(422, 'audit-entry-too-long', `${fields.length} fields are too long; put what is long into details.`, { fields });
  }
}

const entryOf = (row: Selectable<AuditTable>): AuditEntry => ({ ...row, details: JSON.parse(row.details) });
