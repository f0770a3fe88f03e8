import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, it } from 'vitest';
import { Mailbox } from './mailbox.ts';
import { NotObserved } from './notObserved.ts';

const open: Mailbox[] = [];
afterEach(async () => {
  for (const mailbox of open.splice(0)) await mailbox.close();
});

async function mailbox(): Promise<Mailbox> {
  const opened = await Mailbox.open();
  open.push(opened);
  return opened;
}

const send = ({ port, settings }: Mailbox, to: string, subject: string): Promise<unknown> =>
  createTransport({ host: 'localhost', port, requireTLS: true, tls: { ca: settings['COUNTERSIGN_HTTP_CA'] } }).sendMail({
    from: 'approvals@example.com',
    to,
    subject,
    text: 'Approve: https://example.com/l/x',
  });

describe('the mail server of the demo', () => {
  it('shows the mail that somebody got, over TLS with the certificate that the settings name', async () => {
    const box = await mailbox();
    const waiting = box.mailTo('bob@example.com', 'wanted');
    await send(box, 'bob@example.com', 'Approval wanted');
    expect(await waiting).toEqual({
      from: 'approvals@example.com',
      to: 'bob@example.com',
      subject: 'Approval wanted',
      text: 'Approve: https://example.com/l/x',
      secure: true,
    });
  });

  it('notices that the mail does not come, and says what came instead', async () => {
    const box = await mailbox();
    await expect(box.mailTo('bob@example.com', 'wanted', 1)).rejects.toThrow('no mail at all');
    await send(box, 'carol@example.com', 'Approval wanted');
    await expect(box.mailTo('bob@example.com', 'wanted', 1)).rejects.toThrow(NotObserved);
    await expect(box.mailTo('bob@example.com', 'wanted', 1)).rejects.toThrow('a mail to carol@example.com: Approval wanted');
  });
});
