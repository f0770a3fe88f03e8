import { readMail } from '../../../hack/peers/mail.ts';
import type { ReceivedMail, SmtpPeer } from '../../../hack/peers/smtpServer.ts';
import { until } from '../../fixtures/world.ts';

export const mailsTo = ({ mails }: SmtpPeer, address: string): ReceivedMail[] => mails.filter(({ to }) => to.includes(address));

/** Once somebody has got so many. */
export const untilMails = (smtp: SmtpPeer, address: string, count: number, patienceMs?: number): Promise<ReceivedMail[]> =>
  until(
    `${count} mails to ${address}`,
    () => {
      const mails = mailsTo(smtp, address);
      return Promise.resolve(mails.length >= count ? mails : undefined);
    },
    patienceMs,
  );

/** The plain text of a mail, as its reader sees it. */
export const textOf = (mail: ReceivedMail | undefined): string => readMail(mail?.raw ?? '').text;

/** The address behind a label such as `Approve`. */
export function linkIn(text: string, label: string): string {
  const found = new RegExp(`^${label}: (\\S+)$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`no link ${label} in: ${text}`);
  return found;
}
