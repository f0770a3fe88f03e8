import { createHmac, sign, type KeyObject } from 'node:crypto';

/** What is signed: all that the receiver must be able to trust. */
export interface SignedMessage {
  /** The same for every attempt, so that the receiver can tell a repetition. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly body: string;
}

/** The headers of Standard Webhooks, with its asymmetric scheme: `v1a`, Ed25519. */
export function signatureHeaders(key: KeyObject, { id, at, body }: SignedMessage): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const signature = sign(null, Buffer.from(`${id}.${timestamp}.${body}`), key).toString('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1a,${signature}` };
}

/**
 * The same with a secret that the receiver shares: `v1`, HMAC-SHA256; and `X-Webhook-Signature`, HMAC-SHA256 of the body alone in hexadecimal, for receivers that know
 * nothing else. A secret that begins with `whsec_` is base64, any other is as it is written.
 */
export function sharedSignatures(secret: string, { id, at, body }: SignedMessage): { readonly v1: string; readonly ofBody: string } {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  const hmac = (text: string) => createHmac('sha256', key).update(text);
  return { v1: `v1,${hmac(`${id}.${String(Math.floor(at / 1000))}.${body}`).digest('base64')}`, ofBody: hmac(body).digest('hex') };
}

/** The public key as Standard Webhooks writes it: `whpk_` and base64. */
export function publicKeyText(publicKey: KeyObject): string {
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return `whpk_${Buffer.from(x, 'base64url').toString('base64')}`;
}
