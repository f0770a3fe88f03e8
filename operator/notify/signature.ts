import { sign, type KeyObject } from 'node:crypto';

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

/** The public key as Standard Webhooks writes it: `whpk_` and base64. */
export function publicKeyText(publicKey: KeyObject): string {
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return `whpk_${Buffer.from(x, 'base64url').toString('base64')}`;
}
