import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { approvers, notificationChannels } from '../../../crds/v1alpha1/index.ts';
import { startApprovals, type ApprovalsProcess } from '../../../hack/platform/approvals.ts';
import { attachPlatform } from '../../../hack/platform/platform.ts';
import { Postgres } from '../../fixtures/postgres.ts';
import { SmtpPeer } from '../../../hack/peers/smtpServer.ts';
import { condition, hasEnded, job, matchJobs, oneOf, resources, TestNamespace, until } from '../../fixtures/world.ts';
import { mailsTo, textOf, untilMails } from './mails.ts';

const patienceMs = 200_000;
const dir = mkdtempSync(join(tmpdir(), 'countersign-deliveries-'));
let postgres: Postgres;
let smtp: SmtpPeer;
let service: ApprovalsProcess;

beforeAll(async () => {
  [postgres, smtp] = await Promise.all([Postgres.start(), SmtpPeer.start()]);
  service = await started(await postgres.database());
});
afterAll(async () => {
  await service.stop();
  await smtp.stop();
  await postgres[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

let store = '';
async function started(database = store): Promise<ApprovalsProcess> {
  store = database;
  const env = { COUNTERSIGN_APPROVALS_STORE: database, COUNTERSIGN_HTTP_ALLOW: smtp.host, COUNTERSIGN_HTTP_CA: smtp.ca };
  const process = await startApprovals(await attachPlatform(inject('platformDir')), { dir, env });
  await process.ready();
  return process;
}

/** A namespace in which bob is asked by mail, and alice is told by mail. */
async function told() {
  const ns = await TestNamespace.create('deliveries');
  const people = ['alice', 'bob'].map((name) => ({ username: `${name}-${ns.name}`, mail: `${name}-${ns.name}@example.com` }));
  for (const spec of people) {
    await ns.admin.create(approvers, undefined, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'Approver',
      metadata: { name: spec.username },
      spec,
    });
  }
  await ns.admin.create(notificationChannels, ns.name, {
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'NotificationChannel',
    metadata: { name: 'mail' },
    spec: { type: 'SMTP', config: { host: 'localhost', port: smtp.port, from: 'approvals@example.com' } },
  });
  const [alice, bob] = people as [(typeof people)[0], (typeof people)[0]];
  await ns.policy('money', { match: matchJobs, stages: [{ ...oneOf('finance', { user: bob.username }), notify: [{ name: 'mail' }] }] });
  const close = async (): Promise<void> => {
    for (const { username } of people) await ns.admin.delete(approvers, { name: username });
    await ns.close();
  };
  return { ns, alice, bob, close };
}

describe('what is owed', () => {
  it('is told once, later, when the mail server and the database were down; and people decide with kubectl meanwhile', async () => {
    const { ns, alice, bob, close } = await told();
    smtp.refuses(() => ({ code: 451, text: 'not now' }));
    const made = await (await ns.as(alice.username)).create(resources.jobs, ns.name, job('pay'));
    await ns.eventually(notificationChannels, 'mail', 'failing', (found) => condition(found, 'Delivering')?.status === 'False');
    await postgres.stop();
    const asked = await ns.requestOf(made);
    await ns.decide(await ns.as(bob.username), 'Approve', [asked]);
    await ns.eventually(resources.jobs, 'pay', 'ended', hasEnded);
    expect(mailsTo(smtp, alice.mail)).toEqual([]);
    await postgres.start();
    smtp.refuses(() => undefined);
    const mails = (await untilMails(smtp, alice.mail, 2, patienceMs)).map(textOf);
    expect(mails.map((text) => text.split(':')[0]).sort()).toEqual(['Approved', 'Completed']);
    // He has decided: nobody asks him any more.
    expect(mailsTo(smtp, bob.mail)).toEqual([]);
    await ns.eventually(notificationChannels, 'mail', 'delivering', (found) => condition(found, 'Delivering')?.status === 'True');
    await close();
  });

  it('is delivered by another when the service is killed in the middle of it', async () => {
    const { ns, alice, bob, close } = await told();
    let begun = false;
    smtp.refuses((step) => {
      if (step === 'data') begun = true;
      return step === 'data' ? 'hang' : undefined;
    });
    await (await ns.as(alice.username)).create(resources.jobs, ns.name, job('pay'));
    await until('the mail to be on its way', () => Promise.resolve(begun ? true : undefined));
    await service.kill();
    smtp.refuses(() => undefined);
    service = await started();
    const [mail] = await untilMails(smtp, bob.mail, 1, patienceMs);
    expect(textOf(mail)).toContain('Approval wanted');
    await close();
    expect(mailsTo(smtp, bob.mail)).toHaveLength(1);
  });
});
