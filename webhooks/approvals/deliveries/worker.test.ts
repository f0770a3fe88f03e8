import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noAnswerSentence } from '../../../operator/notify/notReached.ts';
import { createLogger } from '../../../operator/telemetry/logger.ts';
import { createMetrics } from '../../../operator/telemetry/metrics.ts';
import { owed } from '../../../test/fixtures/store/owed.ts';
import { openStore, type Store } from '../store/index.ts';
import { claim, deliveriesOf, enqueue, oweAgain, type Delivery, type DeliveryWithAttempts, type NewDelivery } from '../store/outbox.ts';
import type { Came, Deliverer } from './deliverer.ts';
import { Worker } from './worker.ts';

const taken: Came = { what: 'taken', message: 'It was taken.', reference: { ts: '1' } };
const refused = (more: object = {}): Came => ({ what: 'refused', refused: { final: false, message: 'It answered 500.', ...more } });
const day = 24 * 3_600_000;

let folder: string;
let store: Store;
let workers: Worker[];
let now: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-worker-'));
  store = await openStore({ url: `sqlite:${join(folder, 'worker.db')}` });
  workers = [];
  now = Date.parse('2026-03-02T09:00:00Z');
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await store.close();
  rmSync(folder, { recursive: true });
});

/** A worker whose attempts come to what `come` says; the test has the clock in its hand. */
function working(come: (delivery: Delivery) => Came | Promise<Came>, more: object = {}) {
  const attempts: Delivery[] = [];
  const health: string[] = [];
  const deliverer: Deliverer = {
    deliver: async (delivery) => {
      attempts.push(delivery);
      return come(delivery);
    },
    delayMs: (count) => count * 1_000,
    labelOf: () => 'SMTP',
    onHealth: ({ target }, what) => health.push(`${target} ${what}`),
  };
  const metrics = createMetrics(new Registry());
  const log = createLogger({ level: 'fatal' });
  const worker = new Worker({ store, kind: 'Notice', deliverer, log, metrics, now: () => now, pollMs: 5, ...more });
  workers.push(worker);
  worker.start();
  return { worker, attempts, health, metrics };
}

const stored = (): Promise<DeliveryWithAttempts[]> => deliveriesOf(store, 'uid-1');

/** Once what is stored fits. */
async function until(fits: (rows: DeliveryWithAttempts[]) => boolean): Promise<DeliveryWithAttempts[]> {
  for (;;) {
    const rows = await stored();
    if (fits(rows)) return rows;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const all =
  (state: Delivery['state']) =>
  (rows: DeliveryWithAttempts[]): boolean =>
    rows.length > 0 && rows.every((row) => row.state === state);
const attempted =
  (count: number) =>
  (rows: DeliveryWithAttempts[]): boolean =>
    rows.length > 0 && rows.every((row) => row.attemptsMade.length === count);
const put = (...deliveries: NewDelivery[]): Promise<string[]> => enqueue(store, deliveries, now);

describe('a worker', () => {
  it('delivers what is owed, once, and keeps what it was told', async () => {
    const { attempts, metrics } = working(() => taken);
    await put(owed(1));
    expect(await until(all('Delivered'))).toMatchObject([{ reference: { ts: '1' }, attemptsMade: [{ isTaken: true }] }]);
    // The same key again, as another replica would put it.
    expect(await put(owed(1))).toEqual([]);
    await put(owed(2));
    await until(all('Delivered'));
    expect(attempts).toHaveLength(2);
    expect(await metrics.registry.metrics()).toContain('countersign_deliveries_total{channel_type="SMTP",result="delivered"} 2');
  });

  it('tries again when it is time, with the time that the other side asks for, and not before', async () => {
    const { attempts } = working(() => (attempts.length < 2 ? refused({ retryAfterMs: 7_000 }) : taken));
    await put(owed(1));
    const [first] = await until(attempted(1));
    expect(first).toMatchObject({ state: 'Pending', nextAt: now + 7_000 });
    now += 6_999;
    await put(owed(2, { target: 'other', requestUid: 'uid-2' }));
    now += 1;
    await until(all('Delivered'));
    expect(attempts.map(({ target, attempts: count }) => [target, count])).toEqual(
      expect.arrayContaining([
        [owed(1).target, 1],
        [owed(1).target, 2],
      ]),
    );
  });

  it('leaves one delivery alone for as long as it is asked to, and the others to its target for ten minutes at most', async () => {
    const { attempts } = working(({ key }) => (key === owed(1).key ? refused({ retryAfterMs: day / 2 }) : taken));
    await put(owed(1));
    const [first] = await until(attempted(1));
    expect(first).toMatchObject({ state: 'Pending', nextAt: now + day / 2 });
    await put(owed(2));
    now += 600_000;
    await until((rows) => rows.some(({ state }) => state === 'Delivered'));
    expect(attempts.map(({ key }) => key)).toEqual([owed(1).key, owed(2).key]);
  });

  it('gives up what is refused for good at once, and all else after a day', async () => {
    working(({ key }) => refused({ final: key === owed(1).key }));
    await put(owed(1));
    expect(await until(all('Failed'))).toMatchObject([{ attempts: 1 }]);
    await put(owed(2));
    await until((rows) => rows[1]?.attemptsMade.length === 1);
    now += day;
    const [, second] = await until(all('Failed'));
    expect(second?.attemptsMade.at(-1)?.message).toMatch(/a day/);
  });

  it('keeps why nobody was reached in the log alone, under the id of the delivery: whoever named the host reads the attempts', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'info', destination: { write: (line: string) => void lines.push(line) } });
    const cause = 'db.internal is at 10.1.2.3, which is no public address';
    working(() => refused({ final: true, message: noAnswerSentence, cause }), { log });
    await put(owed(1));
    const [failed] = await until(all('Failed'));
    expect(failed?.attemptsMade).toMatchObject([{ message: noAnswerSentence }]);
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ delivery: failed?.id, cause, msg: noAnswerSentence }]);
  });

  it('tries what somebody asks to be sent again, however old it is', async () => {
    const { attempts } = working(() => (attempts.length === 1 ? refused({ final: true }) : taken));
    await put(owed(1));
    const [failed] = await until(all('Failed'));
    now += 10 * day;
    await oweAgain(store, failed?.id ?? '', now);
    await until(all('Delivered'));
  });

  it('keeps what nobody needs any more as dropped, and waits for what comes first without blaming anybody', async () => {
    let isFirst = true;
    const { health } = working(({ key }) => {
      if (key === owed(1).key) return { what: 'dropped', message: 'Decided.' };
      if (!isFirst) return taken;
      isFirst = false;
      return { what: 'later', inMs: 5_000, message: 'Not yet.' };
    });
    await put(owed(1), owed(2));
    const rows = await until(attempted(1));
    expect(rows.map(({ state }) => state).sort()).toEqual(['Dropped', 'Pending']);
    now += 5_000;
    await until((each) => each.every(({ state }) => state !== 'Pending'));
    expect(health).toEqual([]);
  });

  it('goes on with what another left, once its lease is over', async () => {
    await put(owed(1));
    const [lost] = await claim(store, { worker: 'killed', limit: 1, leaseMs: 60_000 }, now);
    expect(lost).toBeDefined();
    const { attempts } = working(() => taken);
    await put(owed(2));
    await until((rows) => rows.some(({ state }) => state === 'Delivered'));
    expect(attempts.map(({ key }) => key)).toEqual([owed(2).key]);
    now += 60_000;
    await until(all('Delivered'));
    expect(attempts.at(-1)).toMatchObject({ key: owed(1).key, attempts: 2 });
  });

  it('is not held up by a target that is dead or hangs, says so once, and notices when it is back', async () => {
    let isDead = true;
    const hanging: (() => void)[] = [];
    const { attempts, health } = working(({ target }) => {
      if (target === 'hangs') return new Promise((resolve) => hanging.push(() => resolve(taken)));
      return target === 'dead' && isDead ? refused() : taken;
    });
    const many = (target: string, from: number): NewDelivery[] =>
      Array.from({ length: 20 }, (_, i) => owed(from + i, { target, requestUid: target }));
    await put(...many('dead', 0), ...many('hangs', 100));
    await put(...Array.from({ length: 20 }, (_, i) => owed(200 + i, { target: 'alive' })));
    await until(all('Delivered'));
    const toDead = attempts.filter(({ target }) => target === 'dead').length;
    expect(toDead).toBeLessThan(10);
    expect(hanging.length).toBeLessThan(10);
    expect(health).toEqual(['dead opened']);
    isDead = false;
    hanging.splice(0).forEach((end) => end());
    now += 600_000;
    for (;;) {
      const rows = await deliveriesOf(store, 'dead');
      if (all('Delivered')(rows)) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(health).toEqual(['dead opened', 'dead resumed']);
    for (;;) {
      hanging.splice(0).forEach((end) => end());
      if (all('Delivered')(await deliveriesOf(store, 'hangs'))) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  it('has its place back from an attempt that never ends, and from one that fails in itself', async () => {
    const { attempts } = working(
      ({ key }) => (key === owed(1).key ? new Promise<Came>(() => undefined) : Promise.reject(new Error('no such thing'))),
      { attemptMs: 10 },
    );
    await put(owed(1), owed(2));
    const rows = await until(attempted(1));
    expect(rows.map(({ attemptsMade }) => attemptsMade[0]?.message).sort()).toEqual([
      'It could not be put together just now.',
      'It took too long.',
    ]);
    expect(attempts).toHaveLength(2);
  });

  it('gives back what it has not ended when it ends itself', async () => {
    const { worker } = working(() => new Promise<Came>(() => undefined), { patienceMs: 10 });
    await put(owed(1));
    await until(([row]) => (row?.attempts ?? 0) === 1);
    await worker.stop();
    expect(await claim(store, { worker: 'other', limit: 1, leaseMs: 1 }, now)).toHaveLength(1);
  });
});
