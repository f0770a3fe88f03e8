import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, it } from 'vitest';
import { SmtpPeer } from '../../../hack/peers/smtpServer.ts';
import { startApprovals } from '../../../hack/platform/approvals.ts';
import { attachPlatform } from '../../../hack/platform/platform.ts';
import { matchJobs, job, resources, TestNamespace } from '../../fixtures/world.ts';
import { mailsTo, textOf, untilMails } from './mails.ts';
import { approver, mailChannel } from './told.ts';

const smtp = await SmtpPeer.start();
const dir = mkdtempSync(join(tmpdir(), 'countersign-reminders-'));
afterAll(async () => {
  await smtp.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A process whose clock is ahead, as nobody waits here for half of the time to pass. */
const ahead = (minutes: number): string =>
  `--import=data:text/javascript,${encodeURIComponent(`const now=Date.now;Date.now=()=>now()+${minutes}*60000`)}`;

/** Runs the service, on the database that it had before, until `what` is done. */
async function whileItRuns(env: Readonly<Record<string, string>>, what: () => Promise<void>): Promise<void> {
  const mailing = { COUNTERSIGN_HTTP_ALLOW: smtp.host, COUNTERSIGN_HTTP_CA: smtp.ca };
  const service = await startApprovals(await attachPlatform(inject('platformDir')), { dir, env: { ...mailing, ...env } });
  await service.ready(180_000);
  try {
    await what();
  } finally {
    await service.stop();
  }
}

it('Whoever has not answered when half of the time is over is reminded, once, and whoever has is left alone', async () => {
  const ns = await TestNamespace.create('reminders');
  const group = `${ns.name}-finance`;
  const [bob, carol] = await Promise.all([approver(ns, 'bob', [group]), approver(ns, 'carol', [group])]);
  const mail = await mailChannel(ns, smtp, 'NotificationChannel');
  await ns.policy('money', {
    match: matchJobs,
    stages: [{ name: 'finance', timeout: '30m', require: [{ count: 2, from: [{ group }] }], notify: [mail.ref] }],
  });
  await whileItRuns({}, async () => {
    const asked = await ns.requestOf(await (await ns.as('alice')).create(resources.jobs, ns.name, job('wire')));
    await Promise.all([bob, carol].map((who) => untilMails(smtp, who.mail, 1)));
    await ns.decide(await ns.as(bob.username, [group]), 'Approve', [asked]);
    await ns.request(asked.metadata.name, 'approved by one', (r) => r.status?.approvals === '1/2');
  });
  await whileItRuns({ NODE_OPTIONS: ahead(16) }, async () => {
    const [first, second] = (await untilMails(smtp, carol.mail, 2)).map(textOf);
    expect(first).toMatch(/^Approval wanted/m);
    expect(second).toContain('Reminder: approval wanted');
  });
  // It looks at what is open once more, and then at what comes: by its clock that is half over at once.
  await whileItRuns({ NODE_OPTIONS: ahead(16) }, async () => {
    await (await ns.as('alice')).create(resources.jobs, ns.name, job('later'));
    await Promise.all([untilMails(smtp, bob.mail, 3), untilMails(smtp, carol.mail, 4)]);
  });
  const about = (name: string) =>
    [bob, carol].map((who) => mailsTo(smtp, who.mail).filter((mail) => textOf(mail).includes(`/${name}`)).length);
  expect([about('wire'), about('later')]).toEqual([
    [1, 2],
    [2, 2],
  ]);
  await Promise.all([bob, carol, mail].map(({ remove }) => remove()));
  await ns.close();
});
