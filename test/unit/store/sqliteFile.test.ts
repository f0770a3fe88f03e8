import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from '../../../webhooks/approvals/store/index.ts';
import { deliveriesOf } from '../../../webhooks/approvals/store/outbox.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

const child = join(import.meta.dirname, '..', '..', 'fixtures', 'store', 'child.ts');

/** Runs a process that writes until it has said that this many writes are done, and is killed then. Gives what it said. */
async function writeAndKill(url: string, count: number): Promise<number[]> {
  const writer = spawn(process.execPath, [child, url, 'write'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: number[] = [];
  for await (const line of createInterface(writer.stdout)) {
    said.push(Number(line));
    if (said.length === count) writer.kill('SIGKILL');
  }
  if (writer.signalCode === null) await once(writer, 'exit');
  return said;
}

describe('a SQLite file', () => {
  it('holds everything that was acknowledged after its process was killed in the middle of writing', async () => {
    const url = `sqlite:${join(folder, 'killed.db')}`;
    const said = await writeAndKill(url, 40);
    expect(said.length).toBeGreaterThanOrEqual(40);
    const store = await openStore({ url });
    const kept = (await deliveriesOf(store, 'uid-1')).map(({ payload }) => (payload as { n: number }).n);
    expect(new Set(kept)).toEqual(new Set([...said, ...kept]));
    // At most the one that was being written and had no time to be said.
    expect(kept.length - said.length).toBeLessThanOrEqual(1);
    expect((await sql`pragma integrity_check`.execute(store.db)).rows).toEqual([{ integrity_check: 'ok' }]);
    await store.close();
  });

  it('is written through to the disk with each commit, beside a log of its own, and read by its owner only', async () => {
    const file = join(folder, 'settings.db');
    const store = await openStore({ url: `sqlite:${file}` });
    const setting = async (name: string): Promise<unknown> =>
      Object.values((await sql<object>`pragma ${sql.raw(name)}`.execute(store.db)).rows[0] ?? {})[0];
    expect(await setting('journal_mode')).toBe('wal');
    expect(await setting('synchronous')).toBe(2);
    expect(await setting('foreign_keys')).toBe(1);
    for (const name of [file, `${file}-wal`]) expect(statSync(name).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('that cannot be there is told as a database that is away', async () => {
    await expect(openStore({ url: `sqlite:${join(folder, 'no', 'such', 'folder.db')}` })).rejects.toMatchObject({
      status: 503,
      code: 'store-unavailable',
      cause: { code: 'ENOENT' },
    });
  });

  it.each([
    [
      '/data/file.db',
      'the URL of the database has no scheme; expected sqlite:/absolute/path/file.db or postgres://user:password@host:5432/database',
    ],
    ['mysql://root:secret@host/db', 'the URL of the database begins with "mysql:"; expected sqlite:/absolute/path/file.db or postgres://'],
    ['sqlite:relative.db', 'the URL of the database begins with "sqlite:"; expected sqlite:/absolute/path/file.db'],
    ['postgres://', 'the URL of the database begins with "postgres:"; expected'],
    ['', 'the URL of the database has no scheme'],
  ])('and no other URL than a server is taken: %j', async (url, sentence) => {
    const refused = await openStore({ url }).then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    );
    expect(refused).toContain(sentence);
    expect(refused).not.toContain('secret');
  });
});
