import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Channel, Notice, NoticeRequest } from './contract.ts';
import { HttpsUrl } from './fields.ts';
import { isTaken, refusalOf } from './refusal.ts';
import { signatureHeaders } from './signature.ts';

const Config = z.strictObject({
  url: HttpsUrl.describe('What is called. The administrator of the operator must allow its host in COUNTERSIGN_HTTP_ALLOW.'),
});

/** A signed call for each notice: Standard Webhooks, Ed25519. */
export const webhook: Channel<z.infer<typeof Config>> = {
  type: 'Webhook',
  config: Config,
  secretKeys: [],
  tells: () => 'Place',
  deliver: async (notice, { config, outside, now }) => {
    const body = bodyOf(notice);
    // A key has characters that no header may have, and a dot would blur what is signed.
    const id = `msg_${createHash('sha256').update(notice.key).digest('hex')}`;
    const answer = await outside.call({
      method: 'POST',
      url: config.url,
      headers: { 'content-type': 'application/json', ...signatureHeaders(await outside.key(), { id, at: now(), body }) },
      body,
    });
    return isTaken(answer) ? { ok: true } : refusalOf('The webhook', answer);
  },
};

/** More than this no receiver should have to read. */
const mostBytes = 256 * 1024;
const mostRecipients = 100;

/** What is told: the facts, as others wrote them, and never a link by which somebody decides. */
function bodyOf(notice: Notice): string {
  const whole = JSON.stringify(payloadOf(notice, notice.request));
  if (Buffer.byteLength(whole) <= mostBytes) return whole;
  const { namespace, name, uid, digest, operation, phase, url } = notice.request;
  return JSON.stringify(payloadOf(notice, { namespace, name, uid, digest, operation, phase, url, truncated: true }));
}

const payloadOf = ({ event, at, stage, recipients }: Notice, request: Readonly<Record<string, unknown>> | NoticeRequest) => ({
  type: `approval.${event.replace(/(?!^)([A-Z])/g, '_$1').toLowerCase()}`,
  timestamp: new Date(at).toISOString(),
  data: {
    ...(stage === undefined ? {} : { stage }),
    request,
    recipients: recipients.slice(0, mostRecipients).map(({ username }) => username),
  },
});
