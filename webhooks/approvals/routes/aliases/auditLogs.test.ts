import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsed } from '../../http/failures.ts';
import { listAudit } from '../../store/auditEntries.ts';
import { openStore, type Store } from '../../store/index.ts';
import { auditLogAliases } from './auditLogs.ts';

const [append, list] = auditLogAliases({} as never);
const entry = (bytes: number) => ({ entity: 'workflow', entity_id: '7', action: 'x', details: { d: 'é'.repeat((bytes - 8) / 2) } });

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-audit-'));
  store = await openStore({ url: `sqlite:${join(folder, 'audit.db')}` });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

describe('an entry of another system', () => {
  it("counts against the caller's rate", () => {
    expect(append).toMatchObject({ method: 'post', decides: true });
  });

  it('is kept for whoever may create auditentries everywhere, and for nobody else', async () => {
    const asked: unknown[] = [];
    const handIn = (isAllowed: boolean) => {
      const may = (_caller: unknown, access: unknown): Promise<boolean> => {
        asked.push(access);
        return Promise.resolve(isAllowed);
      };
      const [route] = auditLogAliases({ store, client: { now: () => 0 }, permissions: { may } } as never);
      const alice = { username: 'alice@corp', groups: [], via: 'Web', proof: 'BearerToken' };
      return route?.handle({ caller: alice, body: { entity: 'workflow', entity_id: '7', action: 'x' } } as never);
    };
    await expect(handIn(false)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining('create on auditentries') as string,
    });
    expect((await listAudit(store, {}, { limit: 10 })).entries).toEqual([]);
    expect(await handIn(true)).toMatchObject({ status: 201, body: { user_id: 'alice@corp' } });
    expect((await listAudit(store, {}, { limit: 10 })).entries).toHaveLength(1);
    expect(asked).toEqual(Array(2).fill({ verb: 'create', group: 'countersign.dev', resource: 'auditentries' }));
  });

  it('has at most 16 KiB of details', () => {
    expect(parsed(append?.body, 'body', entry(16_384))).toEqual(entry(16_384));
    expect(() => parsed(append?.body, 'body', entry(16_386))).toThrow(/^body\.details: has more than 16384 bytes as JSON/);
  });

  it('is on a page with at most 99 others', () => {
    expect(parsed(list?.query, 'query', { limit: '100' })).toEqual({ limit: 100 });
    expect(() => parsed(list?.query, 'query', { limit: '101' })).toThrow('query.limit: expected a whole number from 1 to 100');
  });
});
