import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { appendAudit } from '../../../webhooks/approvals/store/auditEntries.ts';
import { once } from '../../../webhooks/approvals/store/idempotency.ts';
import { openStore, type Store } from '../../../webhooks/approvals/store/index.ts';
import { spend } from '../../../webhooks/approvals/store/rate.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-store-'));
const [full, normal] = [2, 1];
const words: Readonly<Record<string, number>> = { full, normal };

let store: Store;
/** How surely the connection writes, as it was set one after the other. */
const modes: (number | undefined)[] = [];

beforeAll(async () => {
  store = await openStore({ url: `sqlite:${join(folder, 'approvals.db')}` });
  // It is opened by its first statement.
  await mode();
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const exec = DatabaseSync.prototype.exec;
  vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, text: string) {
    modes.push(words[/^pragma synchronous = (\w+)$/.exec(text)?.[1] ?? '']);
    exec.call(this, text);
  });
});

afterEach(() => {
  modes.length = 0;
});

afterAll(async () => {
  vi.restoreAllMocks();
  await store.close();
  rmSync(folder, { recursive: true });
});

const mode = async (): Promise<number | undefined> =>
  (await sql<{ synchronous: number }>`pragma synchronous`.execute(store.db)).rows[0]?.synchronous;

describe('what SQLite waits for the disk with', () => {
  it('is what a caller is answered, and what they hand in', async () => {
    await appendAudit(store, [{ at: 1, actor: 'alice', action: 'deployed', resource: 'shop', details: {} }]);
    expect(modes).toEqual([]);
    expect(await mode()).toBe(full);
  });

  it('is not a token of their rate, nor the key that a call takes; the answer that is kept under it is', async () => {
    await spend(store, 'alice');
    expect(modes).toEqual([normal, full]);
    const call = { caller: 'alice', key: 'key-1', method: 'POST', path: '/v1/requests', content: '{}' };
    await once(store, call, async () => {
      expect(modes).toEqual([normal, full, normal, full]);
      return { status: 201, body: { mode: await mode() } };
    });
    expect(modes).toHaveLength(4);
    expect(await mode()).toBe(full);
  });

  it('is everything again after a statement that failed', async () => {
    await sql`alter table "rate" rename to "gone"`.execute(store.db);
    await expect(spend(store, 'alice')).rejects.toThrow(/rate/);
    await sql`alter table "gone" rename to "rate"`.execute(store.db);
    await sql`create trigger "refuses" before insert on "rate" begin select raise(abort, 'refused'); end`.execute(store.db);
    await expect(spend(store, 'alice')).rejects.toThrow(/refused/);
    await sql`drop trigger "refuses"`.execute(store.db);
    expect(modes.slice(-2)).toEqual([normal, full]);
    expect(await mode()).toBe(full);
  });
});
