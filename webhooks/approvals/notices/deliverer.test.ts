import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Delivered, Notice, Reference } from '../../../operator/notify/contract.ts';
import { digestA, digestB, minutes } from '../../../test/fixtures/facts.ts';
import { at, known, openStage, settled, vote } from '../../../test/fixtures/knownRequests.ts';
import type { KnownChannel } from '../channels/known.ts';
import type { KnownRequest } from '../requests.ts';
import type { LinkFor } from '../links/index.ts';
import { openStore, type Store } from '../store/index.ts';
import { claim, conclude, enqueue, type Delivery } from '../store/outbox.ts';
import { NoticeDeliverer } from './deliverer.ts';
import { stageId } from './due.ts';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-deliverer-'));
  store = await openStore({ url: `sqlite:${join(folder, 'notices.db')}` });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const now = minutes(5);
const channelOf = (type: 'SMTP' | 'Slack', namespace?: string): KnownChannel => ({
  kind: namespace === undefined ? 'ClusterNotificationChannel' : 'NotificationChannel',
  namespace,
  name: 'c',
  uid: 'c',
  generation: 1,
  spec: { type, config: {}, routes: [], paused: false },
  conditions: [],
});

function delivering(request: KnownRequest | undefined, channel = channelOf('SMTP'), came: Delivered = { ok: true }) {
  const told: { notice: Notice; reference: Reference | undefined }[] = [];
  const said: string[] = [];
  const bob = { name: 'bob', username: 'bob@corp', groups: [], mail: 'bob@corp.example', slackId: undefined };
  const minted: LinkFor[] = [];
  const deliverer = new NoticeDeliverer({
    store,
    known: { requests: { byUid: () => request } } as never,
    directory: { byUsername: (name) => (name === bob.username ? bob : undefined), inGroup: () => [bob] },
    channels: {
      known: { byTarget: () => channel } as never,
      tell: (_channel, notice, reference) => {
        told.push({ notice, reference });
        return Promise.resolve(came);
      },
    },
    status: { report: () => Promise.resolve() },
    events: { notAllTold: (_request: KnownRequest, _key: string, message: string) => said.push(message) } as never,
    links: {
      mint: (made) => {
        minted.push(made);
        return Promise.resolve(`https://a.example/l/${made.verdict}-${minted.length}`);
      },
    },
    client: {} as never,
    permissions: {} as never,
    origin: 'https://a.example',
  });
  return { deliverer, told, minted, said };
}

const stage = openStage({ minimumChannel: 'Email' });
const asking = (more: object = {}): Delivery => ({
  id: 'id',
  key: 'ask',
  kind: 'Notice',
  namespace: 'payments',
  request: 'wire-4711',
  requestUid: 'uid-1',
  event: 'StageOpened',
  target: 'ClusterNotificationChannel c',
  recipient: 'bob@corp',
  payload: { event: 'StageOpened', at: now, stage: stageId(stage), digest: digestA },
  state: 'Pending',
  attempts: 1,
  nextAt: now,
  createdAt: now,
  doneAt: null,
  reference: undefined,
  ...more,
});

describe('a mail that asks', () => {
  it('has links of its own with each attempt, and none where the stage wants somebody who signed in', async () => {
    const { deliverer, told, minted } = delivering(known({ stages: [stage] }));
    expect(await deliverer.deliver(asking())).toMatchObject({ what: 'taken' });
    await deliverer.deliver(asking());
    expect(minted.map(({ approver, mail }) => [approver, mail])).toEqual(Array(4).fill(['bob@corp', 'bob@corp.example']));
    const links = told.map(({ notice }) => notice.recipients[0]?.links);
    expect(links.map((each) => each?.approve !== undefined && each.reject !== undefined)).toEqual([true, true]);
    expect(links[0]?.approve).not.toBe(links[1]?.approve);
    for (const [request, channel] of [
      [known(), channelOf('SMTP')],
      [known({ stages: [stage] }), channelOf('Slack')],
    ] as const) {
      const other = delivering(request, channel);
      await other.deliverer.deliver(asking());
      expect(other.told[0]?.notice.recipients[0]?.links).toEqual({ view: 'https://a.example/requests/uid-1' });
    }
  });

  it('has no links to decide by where the namespace chose the account that sends it: whoever has that reads what it sent', async () => {
    const { deliverer, told } = delivering(known({ stages: [stage] }), channelOf('SMTP', 'payments'));
    expect(await deliverer.deliver(asking())).toMatchObject({ what: 'taken' });
    expect(told.map(({ notice }) => notice.recipients[0]?.links)).toEqual([{ view: 'https://a.example/requests/uid-1' }]);
  });

  it('is sent of a stage that finds their yes too weak, though it counts in another', async () => {
    const other = openStage({ policy: { kind: 'ClusterApprovalPolicy', name: 'surer', generation: 1 } });
    const request = known({ stages: [stage, other], decisions: [vote('bob@corp', { via: 'Email' })] });
    const { deliverer, told } = delivering(request);
    const payload = (of: typeof stage) => ({ event: 'StageOpened', at: now, stage: stageId(of), digest: digestA });
    expect(await deliverer.deliver(asking({ payload: payload(stage) }))).toMatchObject({ what: 'dropped', message: 'They have decided.' });
    expect(await deliverer.deliver(asking({ payload: payload(other) }))).toMatchObject({ what: 'taken' });
    expect(told).toHaveLength(1);
  });

  it.each<[string, KnownRequest | undefined]>([
    ['they have decided', known({ stages: [stage], decisions: [vote('bob@corp')] })],
    ['it is settled', known({ stages: [stage], conditions: settled(true, 'Approved') })],
    ['the stage is over', known({ stages: [{ ...stage, state: 'Satisfied', deadline: at(9) }] })],
    ['it has changed', known({ stages: [stage], subjectDigest: digestB })],
    ['it is gone', undefined],
  ])('is not sent once %s', async (_what, request) => {
    const { deliverer, told } = delivering(request);
    expect(await deliverer.deliver(asking())).toMatchObject({ what: 'dropped' });
    expect(told).toEqual([]);
  });
});

it('Who is asked beyond those whom a channel tells is sent nothing, and how many they are is said among the deliveries and on the request', async () => {
  const { deliverer, told, said } = delivering(known({ stages: [stage] }));
  const payload = { event: 'StageOpened', at: now, stage: stageId(stage), digest: digestA, leftOut: 57 };
  const came = await deliverer.deliver(asking({ recipient: null, payload }));
  const message =
    'ClusterNotificationChannel c tells 200 people of stage finance, the first by name; 57 more people are asked, and not told. They find the request where they sign in, or by kubectl approve list --mine.';
  expect(came).toEqual({ what: 'dropped', message });
  expect([told, said]).toEqual([[], [message]]);
});

it('Nothing is sent by a channel that is paused', async () => {
  const channel = channelOf('SMTP');
  const { deliverer, told } = delivering(known({ stages: [stage] }), { ...channel, spec: { ...channel.spec, paused: true } });
  expect(await deliverer.deliver(asking())).toEqual({ what: 'dropped', message: 'The channel is paused.' });
  expect(told).toEqual([]);
});

describe('news', () => {
  const approved = known({ phase: 'Approved', conditions: settled(true, 'Approved'), stages: [{ ...stage, state: 'Satisfied' }] });
  const payload = { event: 'Approved', at: minutes(2), digest: digestA };
  const outcome = asking({ key: 'outcome', event: 'Approved', recipient: null, payload });
  const update = asking({ key: 'update', event: 'Approved', recipient: null, payload: { ...payload, update: 'ask' } });

  it('changes the message that asked, once that is there, and says nothing beside it', async () => {
    const { deliverer, told } = delivering(approved, channelOf('Slack'));
    await enqueue(store, [asking({ recipient: null })], now);
    expect([await deliverer.deliver(outcome), await deliverer.deliver(update)]).toMatchObject([{ what: 'later' }, { what: 'later' }]);
    const [ask] = await claim(store, { worker: 'w', limit: 1, leaseMs: 1_000 }, now);
    await conclude(store, ask?.id ?? '', 'w', { state: 'Delivered', message: 'ok', reference: { channel: 'C1', ts: '1.2' } }, now);
    expect([await deliverer.deliver(outcome), await deliverer.deliver(update)]).toMatchObject([{ what: 'dropped' }, { what: 'taken' }]);
    expect(told.map(({ reference }) => reference)).toEqual([{ channel: 'C1', ts: '1.2' }]);
  });

  it('is told to a place that was asked nothing', async () => {
    const { deliverer, told } = delivering(approved, channelOf('Slack'));
    expect(await deliverer.deliver(outcome)).toMatchObject({ what: 'taken' });
    expect(told[0]?.notice).toMatchObject({ event: 'Approved', recipients: [] });
    expect(await deliverer.deliver(update)).toMatchObject({ what: 'dropped' });
  });
});
