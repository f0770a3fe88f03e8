import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, expect, it } from 'vitest';
import { approvers, clusterNotificationChannels, notificationChannels, type ApprovalDecision } from '../../../crds/v1alpha1/index.ts';
import type { ResourceType } from '../../../operator/kube/client/types.ts';
import { approvalService } from '../../fixtures/approvalService.ts';
import { untilNoticed } from '../../fixtures/bindings.ts';
import type { Received } from '../../fixtures/httpsPeer.ts';
import type { Stand } from '../../fixtures/standIns/contract.ts';
import { startHttpStand } from '../../fixtures/standIns/http.ts';
import { pagerDutyStandIn } from '../../fixtures/standIns/pagerDuty.ts';
import { serviceNowStandIn } from '../../fixtures/standIns/serviceNow.ts';
import { checkModal, slackStand } from '../../fixtures/standIns/slack.ts';
import { teamsStandIn } from '../../fixtures/standIns/teams.ts';
import { condition, hasEnded, job, matchJobs, oneOf, resources, TestNamespace, until } from '../../fixtures/world.ts';

interface Modal {
  readonly view: { readonly callback_id: string; readonly private_metadata: string };
}

const opened: Modal[] = [];
const slack = await startHttpStand(
  slackStand({
    'views.open': (body, complain) => {
      checkModal(body['view'], complain);
      opened.push(body as unknown as Modal);
      return { ok: true, view: {} };
    },
  }),
);
const [pagerDuty, serviceNow, teams] = await Promise.all([pagerDutyStandIn.start(), serviceNowStandIn.start(), teamsStandIn.start()]);
const stands = { Slack: slack, PagerDuty: pagerDuty, ServiceNow: serviceNow, Teams: teams };
const all = Object.values(stands);
const service = approvalService({
  env: { COUNTERSIGN_HTTP_ALLOW: all.map(({ host }) => host).join(','), COUNTERSIGN_HTTP_CA: all.map(({ ca }) => ca).join('\n') },
});
afterAll(() => Promise.all(all.map((stand) => stand.stop())));

const secrets: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
const ownNamespace = 'countersign-system';
const theService = [{ kind: 'ServiceAccount', name: 'countersign-approvals', namespace: ownNamespace }];
const readsSecrets = (resourceNames: string[]) => [{ apiGroups: [''], resources: ['secrets'], resourceNames, verbs: ['get'] }];

/** Channels of the namespace for each stand-in but Slack's, whose buttons decide: that one is the cluster's, with its Secret in the operator's namespace. */
async function channels(ns: TestNamespace) {
  const inside = Object.entries(stands).filter(([type]) => type !== 'Slack');
  const nameOf = (type: string): string => type.toLowerCase();
  for (const [type, { secret }] of inside)
    await ns.admin.create(secrets, ns.name, { metadata: { name: nameOf(type) }, stringData: secret });
  await ns.admin.create(resources.roles, ns.name, {
    metadata: { name: 'channels' },
    rules: readsSecrets(inside.map(([type]) => nameOf(type))),
  });
  await ns.bind('channels', 'channels', theService);
  await ns.admin.create(secrets, ownNamespace, { metadata: { name: ns.name }, stringData: slack.secret });
  await ns.admin.create(resources.roles, ownNamespace, { metadata: { name: ns.name }, rules: readsSecrets([ns.name]) });
  const bound = await ns.admin.create(resources.roleBindings, ownNamespace, {
    metadata: { name: ns.name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: ns.name },
    subjects: theService,
  });
  await untilNoticed(ns.admin, ownNamespace, bound);
  const channel = (type: string, kind: string, name: string, { config }: Stand) => ({
    apiVersion: 'countersign.dev/v1alpha1',
    kind,
    metadata: { name },
    spec: { type, config, secretRef: { name } },
  });
  for (const [type, stand] of inside)
    await ns.admin.create(notificationChannels, ns.name, channel(type, 'NotificationChannel', nameOf(type), stand));
  await ns.admin.create(clusterNotificationChannels, undefined, channel('Slack', 'ClusterNotificationChannel', ns.name, slack));
  for (const [type] of inside)
    await ns.eventually(notificationChannels, nameOf(type), 'ready', (found) => condition(found, 'Ready')?.status === 'True');
  await until('Slack to be ready', async () => {
    const found = await ns.admin.get(clusterNotificationChannels, { name: ns.name });
    return condition(found, 'Ready')?.status === 'True' ? found : undefined;
  });
  return [
    ...inside.map(([type]) => ({ kind: 'NotificationChannel', name: nameOf(type) })),
    { kind: 'ClusterNotificationChannel', name: ns.name },
  ];
}

/** Somebody of Slack does something there, and Slack tells the service. */
function slackSays(payload: object) {
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', slack.secret['signingSecret'] ?? '')
    .update(`v0:${timestamp}:${body}`)
    .digest('hex');
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': `v0=${signature}`,
  };
  return service.anonymous('POST', '/slack/interactive', { headers, body });
}

interface Message {
  readonly ts?: string;
  readonly text: string;
  readonly blocks: { readonly type: string; readonly elements?: { readonly action_id?: string; readonly value?: string }[] }[];
}

const bodiesOf = <T>({ called }: Stand, fits: (call: Received) => boolean): T[] =>
  called.map((text) => JSON.parse(text) as Received).flatMap((call) => (fits(call) ? [JSON.parse(call.body) as T] : []));
const messages = (method: string): Message[] => bodiesOf<Message>(slack, ({ path }) => path === `/api/${method}`);
/** The last that was said of each alert, by its key. */
const alerts = (): Record<string, string> =>
  Object.fromEntries(
    bodiesOf<{ dedup_key: string; event_action: string }>(pagerDuty, () => true).map(
      ({ dedup_key: key, event_action: action }) => [key.split('/')[1] ?? '', action] as const,
    ),
  );
const eventually = (what: string, holds: () => boolean): Promise<true> => until(what, () => Promise.resolve(holds() ? true : undefined));

it('A Job in two stages is told of in Slack, PagerDuty, ServiceNow and Teams, approved by a button, and all of them learn what came of it', async () => {
  const ns = await TestNamespace.create('places');
  const notify = await channels(ns);
  const [bob, slackId] = [`bob-${ns.name}`, `U${randomBytes(5).toString('hex').toUpperCase()}`];
  await ns.admin.create(approvers, undefined, {
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'Approver',
    metadata: { name: bob },
    spec: { username: bob, slackId },
  });
  await ns.bind('staff-bob', 'staff', [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: bob }]);
  await ns.policy('money', {
    match: matchJobs,
    stages: [
      { ...oneOf('finance', { user: bob }), minimumChannel: 'Slack', notify },
      { ...oneOf('security', { user: 'carol' }), notify },
    ],
  });
  const made = await (await ns.as('alice')).create(resources.jobs, ns.name, job('pay'));
  const { metadata } = await ns.requestOf(made);
  await eventually('everybody to be told', () => all.every(({ taken }) => taken.length > 0));
  expect(alerts()).toEqual({ finance: 'trigger' });

  const [message] = messages('chat.postMessage');
  const button = message?.blocks.flatMap(({ elements = [] }) => elements).find(({ action_id: id }) => id === 'countersign-approve');
  const who = { user: { id: slackId, team_id: 'T0123456789' }, team: { id: 'T0123456789' } };
  const clicked = await slackSays({ ...who, type: 'block_actions', trigger_id: '1.2.abc', actions: [button] });
  expect(clicked.status).toBe(200);
  await eventually('the form', () => opened.length > 0);
  const submitted = await slackSays({
    ...who,
    type: 'view_submission',
    view: {
      ...opened[0]?.view,
      id: 'V1',
      state: { values: { reason: { value: { value: 'looks right' } }, ticket: { value: { value: null } } } },
    },
  });
  expect([submitted.status, submitted.body]).toEqual([200, '']);
  const decisions = (await ns.admin.list<ApprovalDecision>(resources.approvalDecisions, { namespace: ns.name })).items;
  expect(decisions.map(({ spec }) => [spec.approver, spec.via, spec.verdict, spec.reason])).toEqual([
    [bob, 'Slack', 'Approve', 'looks right'],
  ]);

  // The next stage wakes somebody anew, and the alert of the one before is over.
  await eventually('the next stage to be told of', () => alerts()['security'] === 'trigger' && alerts()['finance'] === 'resolve');
  await eventually('both messages', () => messages('chat.postMessage').length === 2);
  const carol = await ns.as('carol');
  await ns.decide(carol, 'Approve', [await ns.requestIn('Reviewing', metadata.name)]);
  await ns.eventually(resources.jobs, 'pay', 'ended', hasEnded);

  await eventually('both messages to say what came of it', () => {
    const last = new Map(messages('chat.update').map(({ ts, text }) => [ts, text]));
    return last.size === 2 && [...last.values()].every((text) => text.startsWith('Completed: '));
  });
  await eventually('the alerts to be over', () => Object.values(alerts()).every((action) => action === 'resolve'));
  await eventually('the record to say so', () => serviceNow.taken.some((body) => body.includes('Completed')));
  await eventually('a card to say so', () => teams.taken.some((body) => body.includes('Completed')));
  const records = serviceNow.called.filter((call) => (JSON.parse(call) as Received).method === 'POST');
  expect(records).toHaveLength(1);
  expect(Object.fromEntries(Object.entries(stands).map(([type, { complaints }]) => [type, complaints]))).toEqual({
    Slack: [],
    PagerDuty: [],
    ServiceNow: [],
    Teams: [],
  });
  await ns.admin.delete(clusterNotificationChannels, { name: ns.name });
  await ns.admin.delete(approvers, { name: bob });
  for (const type of [resources.roleBindings, resources.roles, secrets])
    await ns.admin.delete(type, { namespace: ownNamespace, name: ns.name });
  await ns.close();
});
