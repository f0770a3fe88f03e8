import { createTransport, type SendMailOptions } from 'nodemailer';
import { describe, expect, it } from 'vitest';
import { readMail } from './mail.ts';

/** The mail as nodemailer, which the product uses, puts it on the wire. */
async function onTheWire(mail: SendMailOptions): Promise<string> {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message } = await transport.sendMail({ from: 'a@example.com', to: 'b@example.com', ...mail });
  return (message as Buffer).toString('utf8');
}

describe('reading a mail', () => {
  it('finds the plain text among its parts, with long lines and all characters as they were written', async () => {
    const text = `Reason: für Zoë, 漢字 = ok\n\n${'long '.repeat(60)}end\n  indented\n.`;
    const read = readMail(await onTheWire({ subject: 'Plain', text, html: '<p>not this</p>' }));
    expect(read.text).toBe(text);
    expect(read.headers.get('from')).toBe('a@example.com');
  });

  it('reads what is mostly of other characters, and subjects of them', async () => {
    const text = 'Пожалуйста, подтвердите выплату.';
    const subject = 'Выплата поставщику за третий квартал, срочно: подтвердите, пожалуйста';
    const read = readMail(await onTheWire({ subject, text, html: `<p>${text}</p>` }));
    expect([read.headers.get('subject'), read.text]).toEqual([subject, text]);
  });

  it('reads a mail that is nothing but text, and one that has none', async () => {
    expect(readMail(await onTheWire({ text: 'Hello' })).text).toBe('Hello');
    expect(readMail(await onTheWire({ html: '<p>Hello</p>' })).text).toBe('');
  });
});
