import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { once } from '../../../webhooks/approvals/store/idempotency.ts';
import { openStore, StoreUnavailable, type Store } from '../../../webhooks/approvals/store/index.ts';
import { claim, conclude, deliveriesOf, enqueue } from '../../../webhooks/approvals/store/outbox.ts';
import { Postgres } from '../../fixtures/postgres.ts';
import { owed } from '../../fixtures/store/owed.ts';
import { Replicas } from '../../fixtures/store/replicas.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await Postgres.start();
});
afterAll(() => postgres[Symbol.asyncDispose]());

/** Does it until the database has taken it; anything else than the database being away is an error. */
async function untilTaken<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await sleep(50);
    }
  }
}

async function replicasOn(url: string): Promise<Replicas> {
  return new Replicas(await Promise.all([1, 2, 3].map(() => openStore({ url }))));
}

const close = (replicas: Replicas): Promise<unknown> => Promise.all(replicas.stores.map((store) => store.close()));

/** A worker that delivers until it is told to end: what it delivers is counted by key. */
async function deliver(store: Store, worker: string, delivered: Map<string, number>, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const claimed = await untilTaken(() => claim(store, { worker, limit: 5, leaseMs: 60_000 }));
    for (const { id, key } of claimed) {
      delivered.set(key, (delivered.get(key) ?? 0) + 1);
      await untilTaken(() => conclude(store, id, worker, { state: 'Delivered', message: 'Taken.' }));
    }
    if (claimed.length === 0) await sleep(20);
  }
}

describe('PostgreSQL that goes away', () => {
  it('and comes back under load loses nothing that was acknowledged and gives nothing twice; the replicas go on by themselves', async () => {
    const replicas = await replicasOn(await postgres.database());
    const wanted = 300;
    const delivered = new Map<string, number>();
    let isOver = false;
    const workers = replicas.stores.map((store, n) => deliver(store, `w${n}`, delivered, () => isOver));
    const producer = (async () => {
      for (let n = 0; n < wanted; n++) {
        await untilTaken(() => enqueue(replicas.nth(n), [owed(n)]));
        await sleep(10);
      }
    })();
    const runs = new Map<string, number>();
    const callers = Array.from({ length: 60 }, async (_, n) => {
      await sleep(50 * n);
      const call = { caller: 'bob', key: `k${n}`, method: 'post', path: '/', content: '' };
      const run = (id: string) => {
        runs.set(id, (runs.get(id) ?? 0) + 1);
        return Promise.resolve({ status: 201, body: { id } });
      };
      // Whoever gets no answer repeats the call, on another replica.
      let turn = n;
      const { answer } = await untilTaken(() => once(replicas.nth(turn++), call, run, { lockMs: 2_000, waitMs: 10_000 }));
      return answer;
    });
    await sleep(500);
    await postgres.stop();
    await sleep(500);
    await postgres.start();
    await sleep(1_000);
    await postgres.kill();
    await postgres.start();
    await producer;
    const answers = await Promise.all(callers);
    while (delivered.size < wanted) await sleep(50);
    isOver = true;
    await Promise.all(workers);

    // A claim whose answer was lost on the way is leased to a worker that does not know it: it would come again when its lease ends.
    expect(delivered.size).toBe(wanted);
    expect([...delivered.values()].filter((times) => times > 1)).toEqual([]);
    const states = (await deliveriesOf(replicas.one, 'uid-1')).map(({ state }) => state);
    expect(states).toEqual(Array.from({ length: wanted }, () => 'Delivered'));
    expect(new Set(answers.map(({ body }) => (body as { id: string }).id)).size).toBe(60);
    expect(runs.size).toBe(60);
    await close(replicas);
  });

  it('is told as 503 with when to come again, and never with what the database said', async () => {
    const own = await Postgres.start();
    try {
      const url = await own.database();
      const store = await openStore({ url });
      await own.stop();
      const problem = await store.ping().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(problem).toBeInstanceOf(StoreUnavailable);
      expect(problem).toMatchObject({ status: 503, details: { headers: { 'retry-after': '5' } } });
      expect(JSON.stringify(problem)).not.toMatch(/ECONNREFUSED|127\.0\.0\.1/);
      await expect(openStore({ url })).rejects.toBeInstanceOf(StoreUnavailable);
      await own.start();
      await store.ping();
      await store.close();
    } finally {
      await own[Symbol.asyncDispose]();
    }
  });

  it('or hangs costs each call a bounded time, and the connection, which nobody else gets', async () => {
    const store = await openStore({ url: await postgres.database() });
    await enqueue(store, [owed(0)]);
    const pids = (await postgres.query(`select pid from pg_stat_activity where application_name = 'countersign-approvals'`)).map(
      ({ pid }) => Number(pid),
    );
    expect(pids).toHaveLength(1);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      await expect(enqueue(store, [owed(1)])).rejects.toBeInstanceOf(StoreUnavailable);
      // Not the one that hangs still.
      expect(await enqueue(store, [owed(2)])).toHaveLength(1);
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    await store.close();
  });

  it('or holds a lock for somebody else costs each call a bounded time', async () => {
    const store = await openStore({ url: await postgres.database() });
    let letGo = (): void => undefined;
    const held = store.db.transaction().execute(async (transaction) => {
      await enqueue({ ...store, db: transaction }, [owed(1)]);
      await new Promise<void>((resolve) => (letGo = resolve));
    });
    await sleep(200);
    await expect(enqueue(store, [owed(1)])).rejects.toMatchObject({ status: 503, cause: { code: '57014' } });
    letGo();
    await held;
    expect(await enqueue(store, [owed(1)])).toEqual([]);
    await store.close();
  });
});
