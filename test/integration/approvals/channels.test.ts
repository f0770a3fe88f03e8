import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterNotificationChannels, notificationChannels, type NotificationChannel } from '../../../crds/v1alpha1/index.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';
import { approvalService } from '../../fixtures/approvalService.ts';
import { condition, TestNamespace, until } from '../../fixtures/world.ts';
import { rbac } from '../samples/support.ts';

const service = approvalService();
const secrets: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
const credentials = { metadata: { name: 'mail-credentials' }, stringData: { username: 'countersign', password: 'x' } };
const mail = (more: object = {}): object => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'NotificationChannel',
  metadata: { name: 'mail' },
  spec: { type: 'SMTP', config: { host: 'smtp.example.com', from: 'a@example.com' }, secretRef: { name: 'mail-credentials' }, ...more },
});

let ns: TestNamespace;
beforeAll(async () => {
  ns = await TestNamespace.create('channels');
});
afterAll(() => ns.close());

const readyIs = (name: string, fits: (of: { status: string; reason: string; message: string }) => boolean) =>
  until(`channel ${name} to say so`, async () => {
    const ready = condition(await ns.get(notificationChannels, name), 'Ready');
    return ready !== undefined && fits(ready) ? ready : undefined;
  });
const touch = (name: string) =>
  ns.admin.patch(
    notificationChannels,
    { namespace: ns.name, name },
    { metadata: { labels: { touched: String(Date.now()) } } },
    { type: 'merge' },
  );

describe('a channel of a namespace', () => {
  it('is ready once its Secret is there and the service was let to read it, and says until then what is missing', async () => {
    await ns.admin.create(notificationChannels, ns.name, mail());
    expect(await readyIs('mail', ({ status }) => status === 'False')).toMatchObject({
      reason: 'SecretForbidden',
      message: expect.stringContaining('config/samples/rbac/channel-secrets.yaml') as string,
    });
    await rbac(ns, 'rbac/channel-secrets.yaml');
    await touch('mail');
    expect(await readyIs('mail', ({ reason }) => reason === 'SecretMissing')).toMatchObject({ status: 'False' });
    await ns.admin.create(secrets, ns.name, credentials);
    await touch('mail');
    expect(await readyIs('mail', ({ status }) => status === 'True')).toMatchObject({ reason: 'Ready' });
    const { status } = await ns.get<NotificationChannel & KubeObject>(notificationChannels, 'mail');
    expect(status?.observedGeneration).toBe(1);
  });

  it('is written only by who may read the Secret that it names', async () => {
    const rules = [
      {
        apiGroups: ['countersign.dev'],
        resources: ['notificationchannels'],
        verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
      },
    ];
    await ns.grant('channels', rules, ['mallory', 'paula']);
    await ns.grant('secret', [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['mail-credentials'], verbs: ['get'] }], ['paula']);
    const write = (who: KubeClient, name: string, more: object = {}) =>
      who.create(notificationChannels, ns.name, { ...mail(more), metadata: { name } });
    const mallory = await ns.as('mallory', [], 'nothing');
    await expect(write(mallory, 'borrowed')).rejects.toThrow(
      /spec\.secretRef\.name: is "mail-credentials", and you, "mallory", may not read that Secret in namespace channels-/,
    );
    // Without one she may, but she cannot put it there afterwards, nor turn somebody else's elsewhere.
    await write(mallory, 'plain', { secretRef: undefined });
    const change = (name: string, spec: object) =>
      mallory.patch(notificationChannels, { namespace: ns.name, name }, { spec }, { type: 'merge' });
    await expect(change('plain', { secretRef: { name: 'mail-credentials' } })).rejects.toThrow(/may not read that Secret/);
    await write(await ns.as('paula', [], 'nothing'), 'lent');
    await expect(change('lent', { config: { host: 'evil.example.com', from: 'a@example.com' } })).rejects.toThrow(
      /may not read that Secret/,
    );
    await mallory.patch(
      notificationChannels,
      { namespace: ns.name, name: 'lent' },
      { metadata: { labels: { a: 'b' } } },
      { type: 'merge' },
    );
  });

  it('keeps its type, and selects no namespaces', async () => {
    const change = (spec: object) =>
      ns.admin.patch(notificationChannels, { namespace: ns.name, name: 'mail' }, { spec }, { type: 'merge' });
    await expect(change({ type: 'Teams', config: {} })).rejects.toThrow(/spec\.type: .*type never changes/);
    await expect(change({ routes: [{ namespaces: ['payments'] }] })).rejects.toThrow(/spec\.routes: .*ClusterNotificationChannel only/);
  });
});

describe('a call of Slack', () => {
  it('that is signed by nobody known is refused', async () => {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const body = 'payload=%7B%7D';
    const signature = `v0=${createHmac('sha256', 'guessed').update(`v0:${timestamp}:${body}`).digest('hex')}`;
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signature,
    };
    expect(await service.anonymous('POST', '/slack/interactive', { headers, body })).toMatchObject({
      status: 401,
      body: { type: 'https://countersign.dev/problems/not-from-slack' },
    });
  });
});

describe('a channel of the cluster', () => {
  it('refers to a Secret of the operator, which the chart must name', async () => {
    const name = ns.name;
    await ns.admin.create(clusterNotificationChannels, undefined, { ...mail(), kind: 'ClusterNotificationChannel', metadata: { name } });
    try {
      const ready = await until('it to say so', async () => condition(await ns.admin.get(clusterNotificationChannels, { name }), 'Ready'));
      expect(ready).toMatchObject({
        status: 'False',
        reason: 'SecretForbidden',
        message: expect.stringContaining('approvals.channelSecrets') as string,
      });
      expect(ready.message).toContain('namespace countersign-system');
    } finally {
      await ns.admin.delete(clusterNotificationChannels, { name });
    }
  });
});
