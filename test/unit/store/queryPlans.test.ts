import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CompiledQuery, KyselyPlugin, PluginTransformQueryArgs } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { listAudit } from '../../../webhooks/approvals/store/auditEntries.ts';
import { once } from '../../../webhooks/approvals/store/idempotency.ts';
import { openStore, type Store } from '../../../webhooks/approvals/store/index.ts';
import { findLink, giveBackLink, revokeLinks, takeLink, useLink } from '../../../webhooks/approvals/store/links.ts';
import {
  backlog,
  claim,
  conclude,
  deliveriesOf,
  deliveryByKey,
  enqueue,
  giveBack,
  oweAgain,
} from '../../../webhooks/approvals/store/outbox.ts';
import { spend } from '../../../webhooks/approvals/store/rate.ts';
import { sweep } from '../../../webhooks/approvals/store/retention.ts';
import { isFirstTime } from '../../../webhooks/approvals/store/seen.ts';
import { owed } from '../../fixtures/store/owed.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-plans-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'plans.db');

/** A store whose statements are put down as they are run. */
function observed(store: Store): { store: Store; statements: CompiledQuery[] } {
  const statements: CompiledQuery[] = [];
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }: PluginTransformQueryArgs) => {
      statements.push(store.db.getExecutor().compileQuery(node, queryId));
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  return { store: { ...store, db: store.db.withPlugin(plugin) }, statements };
}

describe('the queries of the store', () => {
  it('find their rows by an index, every one', async () => {
    const opened = await openStore({ url: `sqlite:${file}` });
    const { store, statements } = observed(opened);
    const now = Date.now();
    await enqueue(store, [owed(1)]);
    const [claimed] = await claim(store, { worker: 'w', limit: 9, leaseMs: 1, exceptTargets: ['x'], kind: 'Notice' });
    await conclude(store, claimed?.id ?? '', 'w', { state: 'Failed', message: 'x' });
    await oweAgain(store, claimed?.id ?? '');
    await giveBack(store, 'w');
    await deliveriesOf(store, 'uid-1');
    await deliveryByKey(store, 'k');
    await backlog(store);
    await takeLink(store, 't');
    await findLink(store, 't');
    await useLink(store, 't');
    await giveBackLink(store, 't');
    await revokeLinks(store, 'uid-1', 'd');
    await once(store, { caller: 'a', key: 'k', method: 'post', path: '/', content: '' }, () => Promise.resolve({ status: 204 }));
    await spend(store, 'bob');
    await isFirstTime(store, 'x', now);
    await listAudit(store, {}, { limit: 5, after: 9 });
    for (const field of ['actor', 'action', 'resource']) await listAudit(store, { [field]: 'x' }, { limit: 5, after: 9 });
    await sweep(store, 1_000);
    await opened.close();

    expect(statements.length).toBeGreaterThan(25);
    const database = new DatabaseSync(file);
    for (const { sql, parameters } of statements) {
      const plan = database
        .prepare(`explain query plan ${sql}`)
        .all(...(parameters as SQLInputValue[]))
        .map(({ detail }) => String(detail));
      // By an index, a scan is in its order and ends at the limit; `due` is what a claim picked, and so few rows;
      // how a subquery finds its own rows is a step of its own.
      const slow = plan.filter(
        (step) => step.startsWith('SCAN') && !/USING (COVERING )?INDEX|^SCAN (due|numbered|\(subquery-\d+\))$/.test(step),
      );
      expect({ sql, slow }).toEqual({ sql, slow: [] });
    }
    database.close();
  });
});
