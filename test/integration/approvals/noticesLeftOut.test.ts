import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { notificationChannels, type ApprovalRequest } from '../../../crds/v1alpha1/index.ts';
import { SmtpPeer } from '../../../hack/peers/smtpServer.ts';
import { approvalService, type HttpPerson } from '../../fixtures/approvalService.ts';
import { condition, matchRequests, oneOf, resources, TestNamespace, until } from '../../fixtures/world.ts';
import { textOf, untilMails } from './mails.ts';
import { approver } from './told.ts';

const smtp = await SmtpPeer.start();
const service = approvalService({ env: { COUNTERSIGN_HTTP_ALLOW: smtp.host, COUNTERSIGN_HTTP_CA: smtp.ca } });
afterAll(() => smtp.stop());

interface Delivery {
  readonly state: string;
  readonly recipient?: string;
  readonly attempts: readonly { readonly message: string }[];
}

/** So many people of a group, who are asked by mail about everything in a namespace. */
async function scene(count: number) {
  const ns = await TestNamespace.create('left-out');
  const group = `${ns.name}-finance`;
  const people = await Promise.all(Array.from({ length: count }, (_, i) => approver(ns, `p${String(i).padStart(3, '0')}`, [group])));
  await ns.admin.create(notificationChannels, ns.name, {
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'NotificationChannel',
    metadata: { name: 'mail' },
    spec: { type: 'SMTP', config: { host: 'localhost', port: smtp.port, from: 'approvals@example.com' } },
  });
  await ns.policy('money', {
    match: matchRequests,
    stages: [{ ...oneOf('finance', { group }), notify: [{ kind: 'NotificationChannel', name: 'mail' }] }],
  });
  const watcher = await service.person(ns, 'watcher');
  return {
    ns,
    people,
    watcher,
    ask: async () =>
      (await ns.as('alice')).create<ApprovalRequest>(resources.approvalRequests, ns.name, {
        apiVersion: 'countersign.dev/v1alpha1',
        kind: 'ApprovalRequest',
        metadata: { name: 'wire' },
        spec: { subject: { external: { system: 'bank', id: 'w-1' } }, operation: 'wire-transfer', reason: 'first' },
      }),
    pause: async (paused: boolean): Promise<void> => {
      await ns.admin.patch(notificationChannels, { namespace: ns.name, name: 'mail' }, { spec: { paused } }, { type: 'merge' });
      await ns.eventually(
        notificationChannels,
        'mail',
        'seen',
        (found) => condition(found, 'Ready')?.status === (paused ? 'False' : 'True'),
      );
    },
    end: async (): Promise<void> => {
      await Promise.all(people.map(({ remove }) => remove()));
      await ns.close();
    },
  };
}

const deliveriesOf = async (who: HttpPerson, id: string): Promise<Delivery[]> =>
  ((await who.get(`/v1/requests/${id}/deliveries`)).body as { items: Delivery[] }).items;

it('Of 203 who are asked, 200 are told by mail, and that three are not stands on the request and among its deliveries', async () => {
  const of = await scene(203);
  const made = await of.ask();
  const { uid } = made.metadata;
  const dropped = await until('the three to be noted', async () =>
    (await deliveriesOf(of.watcher, uid)).find(({ state }) => state === 'Dropped'),
  );
  const sentence =
    'NotificationChannel .*/mail tells 200 people of stage finance, the first by name; 3 more people are asked, and not told';
  expect(dropped.attempts[0]?.message).toMatch(new RegExp(sentence));
  expect(dropped.recipient).toBeUndefined();
  const events = await until('an Event', async () => {
    const found = await of.ns.events(made);
    return found.some((line) => line.startsWith('NotAllTold: ')) ? found : undefined;
  });
  expect(events.filter((line) => line.startsWith('NotAllTold: '))).toEqual([expect.stringMatching(sentence)]);
  await until(
    '200 mails',
    async () => ((await deliveriesOf(of.watcher, uid)).filter(({ state }) => state === 'Delivered').length === 200 ? true : undefined),
    120_000,
  );
  const told = new Set(smtp.mails.flatMap(({ to }) => to));
  expect(of.people.filter(({ mail }) => !told.has(mail))).toEqual(of.people.slice(200));
  await of.end();
});

it('A channel that goes on after a pause makes up for nothing, and tells what comes then', async () => {
  const of = await scene(1);
  await of.pause(true);
  const { uid } = (await of.ask()).metadata;
  const [dropped] = await until('it to be dropped', async () => {
    const all = await deliveriesOf(of.watcher, uid);
    return all.some(({ state }) => state === 'Dropped') ? all : undefined;
  });
  expect(dropped?.attempts[0]?.message).toBe('The channel is paused.');
  await of.pause(false);
  const { metadata } = await of.ns.get(resources.approvalRequests, 'wire');
  await of.ns.admin.patch(
    resources.approvalRequests,
    { namespace: of.ns.name, name: 'wire' },
    { metadata: { uid: metadata.uid, labels: { touched: 'yes' } } },
    { type: 'merge' },
  );
  await sleep(3_000);
  const own = of.people[0]?.mail ?? '';
  expect(smtp.mails.filter(({ to }) => to.includes(own))).toEqual([]);
  await (
    await of.ns.as('alice')
  ).patch(resources.approvalRequests, { namespace: of.ns.name, name: 'wire' }, { spec: { reason: 'second' } }, { type: 'merge' });
  const mails = await untilMails(smtp, own, 1);
  expect(mails.map((mail) => textOf(mail).includes('second'))).toEqual([true]);
  await of.end();
});
