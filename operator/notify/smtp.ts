import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { NodemailerError } from 'nodemailer/lib/errors';
import { z } from 'zod';
import type { Channel, Delivered, Means, Notice, Recipient } from './contract.ts';
import { HostName, isMailAddress, MailAddress } from './fields.ts';
import { mailOf } from './mail.ts';
import { noAnswer, NotReached } from './notReached.ts';

const Config = z.strictObject({
  host: HostName.describe('The mail server. The administrator of the operator must allow it, with its port, in COUNTERSIGN_HTTP_ALLOW.'),
  port: z.int().min(1).max(65_535).default(587).describe('Its port.'),
  security: z
    .enum(['StartTLS', 'TLS', 'None'])
    .default('StartTLS')
    .describe(
      'StartTLS, which is required, not only tried; TLS from the first byte, as on port 465; or None, with which no password is ever sent.',
    ),
  from: MailAddress.describe('Whom the mail is from.'),
  replyTo: MailAddress.optional().describe('Where answers go. To from when left out.'),
});
type Config = z.infer<typeof Config>;

/** Mail, one for each person, in HTML and plain text. */
export const smtp: Channel<Config> = {
  type: 'SMTP',
  config: Config,
  secretKeys: [
    { name: 'username', required: false, description: 'The user name at the mail server. Without it nobody signs in there.' },
    { name: 'password', required: false, description: 'The password that goes with it.' },
  ],
  carriesLinks: true,
  tells: () => 'Person',
  reaches: ({ mail }) => mail !== undefined && isMailAddress(mail),
  deliver: async (notice, means) => {
    const [recipient] = notice.recipients;
    if (recipient?.mail === undefined) return refused('there is no mail address for them; add spec.mail to their Approver');
    // An address that is a list, or has a line break in it, would be more than one recipient.
    if (!isMailAddress(recipient.mail)) return refused('the mail of their Approver is no mail address');
    const fault = credentialsFault(means);
    if (fault !== undefined) return refused(fault);
    return send(notice, recipient, recipient.mail, means);
  },
};

const refused = (why: string): Delivered => ({ ok: false, final: true, message: `Not sent: ${why}.` });

function credentialsFault({ secret, config }: Means<Config>): string | undefined {
  if ((secret['username'] === undefined) !== (secret['password'] === undefined)) return 'the Secret has only one of username and password';
  if (config.security === 'None' && secret['username'] !== undefined)
    return 'config.security is None, with which no password is sent; expected StartTLS or TLS, or a Secret without username and password';
  return undefined;
}

async function send(notice: Notice, recipient: Recipient, to: string, means: Means<Config>): Promise<Delivered> {
  const { config, outside, secret } = means;
  const transport = createTransport({
    host: config.host,
    port: config.port,
    secure: config.security === 'TLS',
    requireTLS: config.security === 'StartTLS',
    ignoreTLS: config.security === 'None',
    tls: { ca: [...outside.authorities], minVersion: 'TLSv1.2' },
    ...(secret['username'] === undefined ? {} : { auth: { user: secret['username'], pass: secret['password'] ?? '' }, forceAuth: true }),
    greetingTimeout: outside.timeoutMs,
    socketTimeout: outside.timeoutMs,
    // Connected by ourselves, so that no name leads inside.
    getSocket: (_options, done) => {
      outside.dial(config.host, config.port).then(
        (connection) => done(null, { connection }),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), false),
      );
    },
  });
  try {
    await transport.sendMail({ ...messageOf(notice, recipient, to, config), signal: AbortSignal.timeout(2 * outside.timeoutMs) });
    return { ok: true };
  } catch (error) {
    return failureOf(error);
  } finally {
    transport.close();
  }
}

function messageOf(notice: Notice, recipient: Recipient, to: string, { from, replyTo }: Config) {
  const domain = from.slice(from.indexOf('@') + 1);
  const id = (text: string): string => `<${createHash('sha256').update(text).digest('hex').slice(0, 40)}@${domain}>`;
  return {
    from: { name: 'Countersign', address: from },
    to: { name: '', address: to },
    envelope: { from, to: [to] },
    ...(replyTo === undefined ? {} : { replyTo: { name: '', address: replyTo } }),
    ...mailOf(notice, recipient),
    // The same for every attempt, so that whoever got it twice is shown it once; and all about one request in one thread.
    messageId: id(notice.key),
    references: [id(notice.request.uid)],
    date: new Date(notice.at),
    // RFC 3834: no answer by a machine, such as that somebody is away.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    // What others wrote is text, never a file or an address to be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** In words of ours: what the server wrote may have anything in it. */
function failureOf(error: unknown): Delivered {
  if (error instanceof NotReached) return { ok: false, ...error.told() };
  if (!(error instanceof Error)) return { ok: false, final: false, message: 'The mail could not be sent.' };
  const { code, responseCode, permanent, name }: NodemailerError = error;
  if (responseCode !== undefined && code !== 'ETLS') {
    const what = code === 'EAUTH' ? 'signing in' : code === 'EENVELOPE' ? 'the address' : 'the mail';
    return { ok: false, final: permanent === true, message: `The mail server refused ${what} with ${responseCode}.` };
  }
  const isLate = name === 'TimeoutError' || name === 'AbortError' || code === 'ETIMEDOUT' || code === 'EABORT';
  const broken = isLate ? 'it took too long' : connection[code ?? ''];
  if (broken !== undefined) return { ok: false, ...noAnswer(broken).told() };
  return { ok: false, final: false, message: reasons[code ?? ''] ?? `The mail could not be sent (${code ?? name}).` };
}

/** What tells whether anything listens there, and what. */
const connection: Readonly<Record<string, string>> = {
  ESOCKET: 'the connection to the mail server broke, or its certificate is not trusted',
  ECONNECTION: 'the mail server ended the connection',
  EPROTOCOL: 'what answered is no mail server',
};

/** What a mail server says of itself. */
const reasons: Readonly<Record<string, string>> = {
  ETLS: 'The mail server does not offer TLS, or its certificate is not trusted; see config.security and COUNTERSIGN_HTTP_CA.',
  ENOAUTH: 'The mail server wants somebody to sign in: add username and password to the Secret.',
};
