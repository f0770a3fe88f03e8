import type { Channel, Delivered, Means, Notice, Reference } from './contract.ts';
import { shortened } from './wording.ts';

const mostMessage = 500;

/**
 * Tells by a channel, or, with the reference of an earlier delivery, brings that up to date. Never throws, and what it says has nothing of the Secret in it, whatever the
 * channel did: the message is written where others read it.
 */
export async function tell(channel: Channel, notice: Notice, means: Means, reference?: Reference): Promise<Delivered> {
  let came: Delivered;
  try {
    came = await (reference === undefined || channel.update === undefined
      ? channel.deliver(notice, means)
      : channel.update(notice, reference, means));
  } catch (error) {
    came = { ok: false, final: false, message: `Not delivered: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (came.ok) return came;
  const { message, cause, ...rest } = came;
  const said = (text: string): string => shortened(withoutSecrets(text, means.secret), mostMessage);
  return { ...rest, message: said(message), ...(cause === undefined ? {} : { cause: said(cause) }) };
}

/** As it is, and as it is written in addresses and in headers. */
function withoutSecrets(text: string, secret: Means['secret']): string {
  const hidden = Object.values(secret)
    .filter((value) => value !== '')
    .flatMap((value) => [value, encodeURIComponent(value), Buffer.from(value).toString('base64')])
    .sort((a, b) => b.length - a.length);
  return hidden.reduce((shown, value) => shown.replaceAll(value, '[secret]'), text);
}
