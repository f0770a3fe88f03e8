import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../operator/telemetry/logger.ts';
import { digestB, minutes } from '../../../test/fixtures/facts.ts';
import { known, openStage, settled, vote } from '../../../test/fixtures/knownRequests.ts';
import type { KnownChannel } from '../channels/known.ts';
import { findingAmong } from '../channels/known.ts';
import type { KnownRequest } from '../requests.ts';
import { openStore, type Store } from '../store/index.ts';
import { findLink, keepLink } from '../store/links.ts';
import { claim, conclude, deliveriesOf } from '../store/outbox.ts';
import { Owing } from './owing.ts';

const slack: KnownChannel = {
  kind: 'NotificationChannel',
  namespace: 'payments',
  name: 'room',
  uid: 'channel-uid',
  generation: 1,
  spec: { type: 'Slack', config: { channel: 'C0123456789' }, routes: [], paused: false },
  conditions: [],
};
const target = 'NotificationChannel payments/room';

let folder: string;
let store: Store;
let stops: (() => Promise<void>)[];
let now: number;
let channel: KnownChannel;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-owing-'));
  store = await openStore({ url: `sqlite:${join(folder, 'owing.db')}` });
  stops = [];
  now = minutes(5);
  channel = slack;
});
afterEach(async () => {
  for (const stop of stops) await stop();
  await store.close();
  rmSync(folder, { recursive: true });
});

/** A replica that knows one request, which the test changes. */
function replica(first: KnownRequest, own: Store = store) {
  let request = first;
  const listeners = new Set<(request: KnownRequest) => void>();
  const requests = {
    byUid: (uid: string) => (uid === request.uid ? request : undefined),
    get: () => request,
    list: () => [request],
    onChange: (listener: (request: KnownRequest) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    observe: () => undefined,
  };
  const owing = new Owing({
    store: own,
    known: { requests },
    directory: { byUsername: () => undefined, inGroup: () => [] },
    channels: findingAmong(
      () => [channel],
      (name) => (name === target ? channel : undefined),
    ),
    stageChannels: { of: () => [{ kind: 'NotificationChannel', name: 'room' }] },
    besides: () => [],
    isSynced: () => true,
    onOwed: () => undefined,
    log: createLogger({ level: 'fatal' }),
    now: () => now,
    lookAgainMs: 10,
  });
  owing.start();
  stops.push(() => owing.stop());
  return (next: KnownRequest): void => {
    request = next;
    listeners.forEach((listener) => listener(next));
  };
}

/** The events in the outbox, once there are so many. */
async function events(count: number): Promise<string[]> {
  for (;;) {
    const rows = await deliveriesOf(store, 'uid-1');
    if (rows.length >= count)
      return rows.map(({ event, payload }) => `${event}${(payload as { update?: string }).update === undefined ? '' : ' changed'}`).sort();
    await sleep(5);
  }
}

const approved = (): KnownRequest =>
  known({ phase: 'Approved', conditions: settled(true, 'Approved'), stages: [openStage({ state: 'Satisfied' })] });

describe('what is owed', () => {
  it('is put into the outbox once, however many replicas see it and however often', async () => {
    const changes = [replica(known()), replica(known())];
    expect(await events(1)).toEqual(['StageOpened']);
    for (let again = 0; again < 5; again += 1) changes.forEach((change) => change(known()));
    await sleep(100);
    expect(await events(1)).toEqual(['StageOpened']);
    changes.forEach((change) => change(known({ subjectDigest: digestB })));
    expect(await events(2)).toEqual(['StageOpened', 'StageOpened']);
  });

  it('changes every message by which somebody was asked, as others decide and when it is over', async () => {
    const change = replica(known());
    await events(1);
    change(known({ decisions: [vote('bob@corp')] }));
    expect(await events(2)).toEqual(['Progressed changed', 'StageOpened']);
    change(approved());
    expect(await events(4)).toEqual(['Approved', 'Approved changed', 'Progressed changed', 'StageOpened']);
    // A replica that comes later adds nothing.
    replica(approved());
    await sleep(100);
    expect(await events(4)).toHaveLength(4);
  });

  it('waits for the database, and is put there once it is back', async () => {
    let isAway = true;
    const db = new Proxy(store.db, {
      get: (of, name) => {
        if (isAway) throw new Error('away');
        const value: unknown = Reflect.get(of, name, of);
        return typeof value === 'function' ? (value.bind(of) as unknown) : value;
      },
    });
    replica(known(), { ...store, db });
    await sleep(100);
    expect(await deliveriesOf(store, 'uid-1')).toEqual([]);
    isAway = false;
    expect(await events(1)).toEqual(['StageOpened']);
  });

  it('is there though the channel is paused, where it is dropped in its turn, and nothing is made up for once the channel goes on', async () => {
    channel = { ...slack, spec: { ...slack.spec, paused: true } };
    const change = replica(known());
    expect(await events(1)).toEqual(['StageOpened']);
    const [sent] = await claim(store, { worker: 'w', limit: 1, leaseMs: 1_000 }, now);
    await conclude(store, sent?.id ?? '', 'w', { state: 'Dropped', message: 'The channel is paused.' }, now);
    channel = slack;
    change(known());
    replica(known());
    await sleep(100);
    expect((await deliveriesOf(store, 'uid-1')).map(({ state }) => state)).toEqual(['Dropped']);
  });

  it('is nothing of what is older than a day when it is first seen', async () => {
    now = minutes(25 * 60);
    replica(known());
    await sleep(100);
    expect(await deliveriesOf(store, 'uid-1')).toEqual([]);
  });
});

it('Links that were sent end when it is over, and those about what has changed when it has', async () => {
  const link = {
    namespace: 'payments',
    request: 'wire-4711',
    requestUid: 'uid-1',
    approver: 'bob@corp',
    verdict: 'Approve',
    mailHash: 'h',
    expiresAt: now + 1e9,
  } as const;
  const first = known();
  await keepLink(store, 'old', { ...link, digest: first.status?.subjectDigest ?? '' }, now);
  await keepLink(store, 'new', { ...link, digest: digestB }, now);
  const change = replica(first);
  await events(1);
  const [sent] = await claim(store, { worker: 'w', limit: 1, leaseMs: 1_000 }, now);
  await conclude(store, sent?.id ?? '', 'w', { state: 'Delivered', message: 'It was taken.', reference: { channel: 'C', ts: '1' } }, now);
  change(known({ subjectDigest: digestB }));
  await events(2);
  const states = async (): Promise<string[]> => [(await findLink(store, 'old', now)).state, (await findLink(store, 'new', now)).state];
  expect(await states()).toEqual(['Revoked', 'Open']);
  change(known({ ...approved().status, subjectDigest: digestB }));
  await events(4);
  expect(await states()).toEqual(['Revoked', 'Revoked']);
});
