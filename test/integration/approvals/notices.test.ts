import { afterAll, describe, expect, it } from 'vitest';
import { clusterNotificationChannels, type ApprovalRequest } from '../../../crds/v1alpha1/index.ts';
import { approvalService } from '../../fixtures/approvalService.ts';
import { SmtpPeer } from '../../../hack/peers/smtpServer.ts';
import { condition, hasEnded, job, matchJobs, oneOf, resources, TestNamespace, until } from '../../fixtures/world.ts';
import { linkIn, mailsTo, textOf, untilMails } from './mails.ts';
import { approver, mailChannel, type ChannelKind } from './told.ts';

const smtp = await SmtpPeer.start();
const service = approvalService({ env: { COUNTERSIGN_HTTP_ALLOW: smtp.host, COUNTERSIGN_HTTP_CA: smtp.ca } });
afterAll(() => smtp.stop());

describe('a Job that is held, in a stage that names a channel for mail', () => {
  it('is asked for by mail, approved by the link in it, and its requester is told', async () => {
    const ns = await TestNamespace.create('notices');
    const [alice, bob, carol] = await Promise.all([
      approver(ns, 'alice'),
      approver(ns, 'bob', [`${ns.name}-finance`]),
      approver(ns, 'carol'),
    ]);
    // By a link, bob decides with his own rights.
    await ns.bind('staff-bob', 'staff', [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: bob.username }]);
    const mail = await mailChannel(ns, smtp, 'ClusterNotificationChannel');
    await ns.policy('money', {
      match: matchJobs,
      stages: [{ ...oneOf('finance', { group: `${ns.name}-finance` }), minimumChannel: 'Email', notify: [mail.ref] }],
    });
    await (
      await ns.as(alice.username)
    ).create(resources.jobs, ns.name, job('pay', { metadata: { annotations: { 'countersign.dev/reason': 'Month end' } } }));

    const [asking] = await untilMails(smtp, bob.mail, 1);
    const text = textOf(asking);
    for (const fact of ['Approval wanted', alice.username, 'Month end', 'container', `Job ${ns.name}/pay`]) expect(text).toContain(fact);
    expect(asking?.secure).toBe(true);
    const link = linkIn(text, 'Approve');
    expect(link.startsWith(`${service.process().url}/l/`)).toBe(true);
    const path = link.slice(service.process().url.length);
    expect((await service.anonymous('GET', path)).status).toBe(200);
    const pressed = await service.anonymous('POST', path, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
      body: 'verdict=Approve',
    });
    expect(pressed.status, JSON.stringify(pressed.body)).toBe(200);
    await ns.eventually(resources.jobs, 'pay', 'ended', hasEnded);

    const outcomes = (await untilMails(smtp, alice.mail, 2)).map(textOf);
    expect(outcomes.some((mail) => mail.includes('Approved') && mail.includes(bob.username))).toBe(true);
    expect(outcomes.some((mail) => mail.includes('Completed'))).toBe(true);
    for (const mail of outcomes) expect(mail).not.toContain('/l/');
    // Once each, and nobody who was not asked.
    expect([mailsTo(smtp, bob.mail).length, mailsTo(smtp, alice.mail).length, mailsTo(smtp, carol.mail).length]).toEqual([1, 2, 0]);
    const stored = await until('the channel to deliver', async () => {
      const found = await ns.admin.get(clusterNotificationChannels, { name: ns.name });
      return condition(found, 'Delivering')?.status === 'True' ? found : undefined;
    });
    expect(condition(stored, 'Ready')?.status).toBe('True');
    const metrics = await (await fetch(`${service.process().healthUrl}/metrics`)).text();
    expect(metrics).toMatch(/countersign_deliveries_total\{channel_type="SMTP",result="delivered"\} [3-9]/);
    await Promise.all([alice, bob, carol, mail].map(({ remove }) => remove()));
    await ns.close();
  });

  it.each<[string, ChannelKind, object]>([
    ['mail is not sure enough', 'ClusterNotificationChannel', {}],
    ['the namespace chose the account that sends it', 'NotificationChannel', { minimumChannel: 'Email' }],
  ])('invites to sign in where %s, and asks anew when what would run has changed', async (_where, kind, more) => {
    const ns = await TestNamespace.create('notices');
    const [bob] = await Promise.all([approver(ns, 'bob')]);
    const mail = await mailChannel(ns, smtp, kind);
    await ns.policy('money', {
      match: [{ apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] }],
      stages: [{ ...oneOf('finance', { user: bob.username }), notify: [mail.ref], ...more }],
    });
    const alice = await ns.as('alice');
    const made = await alice.create<ApprovalRequest>(resources.approvalRequests, ns.name, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'ApprovalRequest',
      metadata: { name: 'wire' },
      spec: { subject: { external: { system: 'bank', id: 'w-1' } }, operation: 'wire-transfer', reason: 'first' },
    });
    const [first] = await untilMails(smtp, bob.mail, 1);
    expect(textOf(first)).not.toContain('/l/');
    expect(linkIn(textOf(first), 'The request')).toBe(`${service.process().url}/requests/${made.metadata.uid}`);
    await alice.patch(resources.approvalRequests, { namespace: ns.name, name: 'wire' }, { spec: { reason: 'second' } }, { type: 'merge' });
    const mails = await untilMails(smtp, bob.mail, 2);
    expect(textOf(mails[1])).toContain('second');
    expect(mails).toHaveLength(2);
    await Promise.all([bob, mail].map(({ remove }) => remove()));
    await ns.close();
  });
});
