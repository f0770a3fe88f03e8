import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { known } from '../../../test/fixtures/knownRequests.ts';
import { owed } from '../../../test/fixtures/store/owed.ts';
import type { Caller } from '../callers/caller.ts';
import type { Answer } from '../http/route.ts';
import { openStore, type Store } from '../store/index.ts';
import { claim, conclude, deliveriesOf, enqueue, oweAgain } from '../store/outbox.ts';
import { deliveryRoutes } from './deliveries.ts';

const alice: Caller = { username: 'alice@corp', groups: [], via: 'Web', proof: 'BearerToken' };
let folder: string;
let store: Store;
let now: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-deliveries-'));
  store = await openStore({ url: `sqlite:${join(folder, 'deliveries.db')}` });
  now = Date.parse('2026-03-02T09:00:00Z');
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const routes = () =>
  deliveryRoutes({
    store,
    onOwed: () => undefined,
    now: () => now,
    known: { requests: { byUid: () => known() } },
    permissions: { may: () => Promise.resolve(true) },
  } as never);
const redeliverRoute = () => routes().find(({ path }) => path.endsWith('/redeliver'));

async function redeliver(delivery: string): Promise<Answer | undefined> {
  return redeliverRoute()?.handle({ caller: alice, params: { id: 'uid-1', delivery } } as never);
}

/** Attempts it now, and it is taken. */
async function attempt(): Promise<string> {
  const [claimed] = await claim(store, { worker: 'w', limit: 1, leaseMs: 60_000 }, now);
  const id = claimed?.id ?? '';
  await conclude(store, id, 'w', { state: 'Delivered', message: `at ${now}` }, now);
  return id;
}

describe('sending something again', () => {
  it('is refused for a minute after the last attempt, and says for how long', async () => {
    await enqueue(store, [owed(1)], now);
    const id = await attempt();
    now += 20_001;
    await expect(redeliver(id)).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('send it again in 40 s') as string,
      details: { headers: { 'retry-after': '40' } },
    });
    expect(await deliveriesOf(store, 'uid-1')).toMatchObject([{ state: 'Delivered' }]);
    now += 39_999;
    expect(await redeliver(id)).toMatchObject({ status: 202, body: { id, state: 'Pending' } });
    await attempt();
    await expect(redeliver(id)).rejects.toMatchObject({ status: 409 });
  });

  it("counts against the caller's rate", () => {
    expect(redeliverRoute()?.decides).toBe(true);
  });
});

describe('the deliveries of a request', () => {
  it('have their newest twenty attempts each, the oldest of them first', async () => {
    await enqueue(store, [owed(1)], now);
    const first = await attempt();
    for (let n = 0; n < 24; n += 1) {
      now += 1;
      await oweAgain(store, first, now);
      await attempt();
    }
    await enqueue(store, [owed(2)], now + 1);
    now += 2;
    await attempt();
    const [many, one] = await deliveriesOf(store, 'uid-1');
    expect(many?.attemptsMade.map(({ at }) => at)).toEqual(Array.from({ length: 20 }, (_, n) => now - 2 - 19 + n));
    expect(one?.attemptsMade).toHaveLength(1);
  });
});
