import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { bob, hostileTexts, noticeOf } from '../../test/fixtures/notices.ts';
import { SmtpPeer, type SmtpOptions } from '../../hack/peers/smtpServer.ts';
import { parseAllowedHost } from '../core/httpAllow.ts';
import type { Delivered, Notice } from './contract.ts';
import { HttpCaller } from './httpCaller.ts';
import { noAnswerSentence } from './notReached.ts';
import { smtp } from './smtp.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const account = { username: 'countersign', password: 'hunter2-very-secret' };
const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

async function peerOf(options: SmtpOptions = {}): Promise<SmtpPeer> {
  const peer = await SmtpPeer.start(options);
  open.push(peer);
  return peer;
}

interface Sent {
  readonly notice?: Notice;
  readonly config?: Record<string, unknown>;
  readonly secret?: Record<string, string>;
  readonly allowed?: readonly string[];
  readonly ca?: string | undefined;
}

function send(
  peer: SmtpPeer,
  { notice = noticeOf(), config = {}, secret = {}, allowed = [peer.host], ca = peer.ca }: Sent = {},
): Promise<Delivered> {
  const outside = new HttpCaller({
    allowed: allowed.map((text) => parseAllowedHost(text)!),
    ca,
    key: () => Promise.resolve(privateKey),
    timeoutMs: 1_000,
  });
  open.push({ stop: () => outside.close() });
  const parsed = smtp.config.parse({ host: 'localhost', port: peer.port, from: 'approvals@corp.example', ...config });
  return smtp.deliver(notice, { config: parsed, secret, outside, now: () => Date.now() });
}

/** Undoes folding and quoted-printable, as a mail reader does. */
const read = (raw: string): string =>
  Buffer.from(
    raw
      .replace(/=\r\n/g, '')
      .replace(/\r\n[ \t]/g, ' ')
      .replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

describe('a mail', () => {
  it('goes out over TLS to that one person, in text and HTML, with their links, and says that no machine should answer', async () => {
    const peer = await peerOf();
    expect(await send(peer)).toEqual({ ok: true });
    const [mail] = peer.mails;
    expect(mail).toMatchObject({ secure: true, from: 'approvals@corp.example', to: ['bob@corp.example'] });
    const text = read(mail!.raw);
    expect(text).toContain('Subject: Approval wanted: wire-transfer payments/wire-4711');
    expect(text).toContain('Auto-Submitted: auto-generated');
    expect(text).toMatch(/multipart\/alternative/);
    expect(text).toContain(`Approve: ${bob.links!.approve!}`);
    expect(text).toContain(`href="${bob.links!.reject!}"`);
    expect(text).toContain('Requested by: alice@corp');
    expect(text).toContain('command: pay --all');
  });

  it('has the same Message-ID for every attempt of one notice, another for another, and one thread for one request', async () => {
    const peer = await peerOf();
    const other = noticeOf({ key: 'another', event: 'Approved' });
    for (const notice of [noticeOf(), noticeOf(), other]) await send(peer, { notice });
    const header = (name: string): (string | undefined)[] =>
      peer.mails.map(({ raw }) => new RegExp(`^${name}: *(<[0-9a-f]{40}@corp\\.example>)`, 'mi').exec(raw)?.[1]);
    const [first, again, another] = header('Message-ID');
    expect(first).toBeDefined();
    expect(again).toBe(first);
    expect(another).not.toBe(first);
    expect(new Set(header('References')).size).toBe(1);
  });

  it('signs in where the Secret says how', async () => {
    const peer = await peerOf({ account });
    expect(await send(peer, { secret: account })).toEqual({ ok: true });
    expect(peer.mails[0]!.user).toBe('countersign');
  });

  it('goes out with TLS from the first byte where config says so', async () => {
    const peer = await peerOf({ implicit: true });
    expect(await send(peer, { config: { security: 'TLS' } })).toEqual({ ok: true });
    expect(peer.mails[0]!.secure).toBe(true);
  });

  it('goes out without TLS only where config says so, and then never with a password', async () => {
    const peer = await peerOf({ plain: true });
    expect(await send(peer, { config: { security: 'None' } })).toEqual({ ok: true });
    expect(await send(peer, { config: { security: 'None' }, secret: account })).toMatchObject({
      ok: false,
      final: true,
      message: expect.stringMatching(/config\.security is None/) as string,
    });
    expect(peer.mails).toHaveLength(1);
  });

  it('of an outcome has no links to decide by', async () => {
    const peer = await peerOf();
    await send(peer, { notice: noticeOf({ event: 'Approved' }) });
    const text = read(peer.mails[0]!.raw);
    expect(text).toContain('Subject: Approved: wire-transfer');
    expect(text).not.toContain('token-of-bob');
    expect(text).toContain(bob.links!.view!);
  });
});

describe('what others wrote', () => {
  it('cannot add a header or a recipient, pass for a link of ours, run in HTML, or turn the direction of text', async () => {
    const peer = await peerOf();
    const { reason, ticket } = hostileTexts;
    const name = 'wire\r\nBcc: eve@evil.example\r\n\r\nx';
    await send(peer, { notice: noticeOf({ request: { reason, ticket, name } }) });
    const [mail] = peer.mails;
    expect(mail!.to).toEqual(['bob@corp.example']);
    expect(mail!.raw.slice(0, mail!.raw.indexOf('\r\n\r\n'))).not.toMatch(/^Bcc:/im);
    const text = read(mail!.raw);
    // As it stands, before any unfolding; in the HTML it is inside a cell.
    expect(mail!.raw.slice(0, mail!.raw.indexOf('text/html'))).not.toMatch(/^(Approve|Bcc):.*evil/m);
    const html = text.slice(text.indexOf('<!doctype html>'));
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;script>');
    expect(text).not.toMatch(/[\u202e\u200b]/);
    expect(text).toContain('CHG\\u202e1174');
  });

  it.each([
    'a@b.example, eve@evil.example',
    'a@b.example\r\nRCPT TO:<eve@evil.example>',
    'Eve <eve@evil.example>',
    '<eve@evil.example>',
    'eve',
  ])('%j is no address that mail is sent to', async (mail) => {
    const peer = await peerOf();
    expect(await send(peer, { notice: noticeOf({ recipients: [{ ...bob, mail }] }) })).toMatchObject({ ok: false, final: true });
    expect(peer.mails).toEqual([]);
    expect(smtp.reaches!({ ...bob, mail }, smtp.config.parse({ host: 'x', from: 'a@b.example' }))).toBe(false);
  });
});

describe('a mail that does not get through', () => {
  it.each([
    ['for now', 'recipient', 451, false, 'The mail server refused the address with 451.'],
    ['for good', 'recipient', 550, true, 'The mail server refused the address with 550.'],
    ['for now', 'data', 452, false, 'The mail server refused the mail with 452.'],
    ['for good', 'data', 554, true, 'The mail server refused the mail with 554.'],
  ] as const)('is refused %s at the %s with %i: %j', async (_how, at, code, final, message) => {
    const peer = await peerOf();
    peer.refuses((step) => (step === at ? { code, text: 'because of hunter2-very-secret' } : undefined));
    expect(await send(peer)).toEqual({ ok: false, final, message });
  });

  it('for want of an answer is tried again', async () => {
    const peer = await peerOf();
    peer.refuses((step) => (step === 'data' ? 'hang' : undefined));
    expect(await send(peer)).toEqual({ ok: false, final: false, message: noAnswerSentence, cause: 'it took too long' });
  });

  it('as the connection broke is tried again', async () => {
    const peer = await peerOf();
    peer.refuses((step) => (step === 'data' ? 'reset' : undefined));
    const cause = expect.stringMatching(/connection to the mail server broke|ended the connection/) as string;
    expect(await send(peer)).toMatchObject({ ok: false, final: false, message: noAnswerSentence, cause });
  });

  it('for a wrong password says so, and nothing of the password', async () => {
    const peer = await peerOf({ account });
    const answer = await send(peer, { secret: { ...account, password: 'wrong-secret' } });
    expect(answer).toEqual({ ok: false, final: true, message: 'The mail server refused signing in with 535.' });
  });

  it.each([
    ['offers no TLS', { plain: true }],
    ['has a certificate for another name', { name: 'other.example' }],
  ])('as the server %s is not sent at all', async (_what, options) => {
    const peer = await peerOf(options);
    const answer = await send(peer);
    expect(answer).toMatchObject({ ok: false, final: false });
    const { message, cause } = answer as { message: string; cause?: string };
    expect(cause ?? message).toMatch(/certificate is not trusted/);
    expect(peer.mails).toEqual([]);
  });

  it('as nobody trusts the certificate of the server is not sent at all', async () => {
    const peer = await peerOf();
    const stranger = await peerOf();
    expect(await send(peer, { ca: stranger.ca, secret: account })).toMatchObject({ ok: false, final: false });
    expect(peer.mails).toEqual([]);
  });

  it('as the administrator does not allow the server is not sent at all, now or later', async () => {
    const peer = await peerOf();
    expect(await send(peer, { allowed: [] })).toMatchObject({
      ok: false,
      final: true,
      message: expect.stringMatching(/localhost:\d+ may not be called: .*COUNTERSIGN_HTTP_ALLOW/) as string,
    });
  });

  it('to somebody without an address is not tried', async () => {
    const peer = await peerOf();
    expect(await send(peer, { notice: noticeOf({ recipients: [{ username: 'carol' }] }) })).toMatchObject({
      ok: false,
      final: true,
      message: expect.stringMatching(/spec\.mail/) as string,
    });
  });
});
