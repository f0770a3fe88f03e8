import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far the clocks of Slack and of this machine may be apart, either way. */
export const windowSeconds = 300;

/** What Slack says of itself in a call. */
export interface Signed {
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  readonly raw: Buffer;
}

/** Whether the time that a call says it was made at is one to be believed: not long ago, nor still to come. */
export function isTimely({ timestamp }: Pick<Signed, 'timestamp'>, nowMs: number): boolean {
  if (timestamp === undefined || !/^[0-9]{1,12}$/.test(timestamp)) return false;
  return Math.abs(nowMs / 1000 - Number(timestamp)) <= windowSeconds;
}

/** Whether it has a signature at all, which may be anybody's. */
export const hasSignature = ({ timestamp, signature }: Signed): boolean =>
  timestamp !== undefined && signature !== undefined && /^v0=[0-9a-f]{64}$/.test(signature);

/** Whether whoever made the call knows the signing secret: https://docs.slack.dev/authentication/verifying-requests-from-slack. Says nothing of when. */
export function isSignedWith(secret: string, signed: Signed): boolean {
  if (!hasSignature(signed)) return false;
  const { timestamp = '', signature = '', raw } = signed;
  const expected = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(raw).digest();
  return timingSafeEqual(expected, Buffer.from(signature.slice('v0='.length), 'hex'));
}
