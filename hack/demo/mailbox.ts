import { setTimeout as sleep } from 'node:timers/promises';
import { readMail } from '../peers/mail.ts';
import { SmtpPeer } from '../peers/smtpServer.ts';
import { NotObserved } from './notObserved.ts';

/** A mail that somebody got. */
export interface GotMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Whether it came over TLS. */
  readonly secure: boolean;
}

/** The mail server of the demo: a real one on this machine, that keeps what it is sent. */
export class Mailbox {
  readonly #peer: SmtpPeer;

  private constructor(peer: SmtpPeer) {
    this.#peer = peer;
  }

  static async open(): Promise<Mailbox> {
    return new Mailbox(await SmtpPeer.start());
  }

  get port(): number {
    return this.#peer.port;
  }

  /** What an approval service must be told, so that it may call this server and trusts its certificate. */
  get settings(): Readonly<Record<string, string>> {
    return { COUNTERSIGN_HTTP_ALLOW: this.#peer.host, COUNTERSIGN_HTTP_CA: this.#peer.ca };
  }

  /** Waits for a mail to somebody with this in its subject. @throws NotObserved with what came instead when patience is over */
  async mailTo(address: string, subject: string, patienceMs = 60_000): Promise<GotMail> {
    const until = Date.now() + patienceMs;
    for (;;) {
      const mails = this.#peer.mails.map(({ raw, to, secure }) => ({ ...shownOf(raw), to: to.join(', '), secure }));
      const found = mails.find((mail) => mail.to === address && mail.subject.includes(subject));
      if (found !== undefined) return found;
      if (Date.now() > until) {
        const came = mails.map((mail) => `a mail to ${mail.to}: ${mail.subject}`);
        throw new NotObserved(`a mail to ${address} about "${subject}"`, came.length === 0 ? 'no mail at all' : came.join('\n'));
      }
      await sleep(100);
    }
  }

  close(): Promise<void> {
    return this.#peer.stop();
  }
}

function shownOf(raw: string): Pick<GotMail, 'from' | 'subject' | 'text'> {
  const { headers, text } = readMail(raw);
  return { from: headers.get('from') ?? '', subject: headers.get('subject') ?? '', text };
}
