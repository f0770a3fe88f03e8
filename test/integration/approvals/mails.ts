import type { ReceivedMail, SmtpPeer } from '../../fixtures/smtpServer.ts';

export const mailsTo = ({ mails }: SmtpPeer, address: string): ReceivedMail[] => mails.filter(({ to }) => to.includes(address));

/** The plain text of a mail, as its reader sees it. */
export function textOf(mail: ReceivedMail | undefined): string {
  const part = (mail?.raw ?? '').split(/^--.*$/m).find((each) => /^content-type: text\/plain/im.test(each)) ?? '';
  const [head = '', ...body] = part.trimStart().split(/\r?\n\r?\n/);
  const text = body.join('\n\n');
  if (/base64/i.test(head)) return Buffer.from(text, 'base64').toString('utf8');
  if (!/quoted-printable/i.test(head)) return text;
  const bytes = text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The address behind a label such as `Approve`. */
export function linkIn(text: string, label: string): string {
  const found = new RegExp(`^${label}: (\\S+)$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`no link ${label} in: ${text}`);
  return found;
}
