import { createHash } from 'node:crypto';

/**
 * The trace that everything about one subject belongs to. It follows from the subject's uid alone, so that processes which never talk to each
 * other (admission, controller, approvals) put their spans into one trace, days apart, with nothing carried between them.
 */
export function traceIdFor(uid: string): string {
  const hex = uid.replaceAll('-', '').toLowerCase();
  // A uid is 128 random bits, which is just what a trace id must be.
  return /^[0-9a-f]{32}$/.test(hex) && !/^0+$/.test(hex) ? hex : digest(`trace:${uid}`, 32);
}

/** The span of that trace which all others belong under: the time for which the subject was held. */
export function rootSpanIdFor(uid: string): string {
  return digest(`root:${uid}`, 16);
}

/** W3C trace context for whoever is called on behalf of this subject. */
export function traceparentFor(uid: string): string {
  return `00-${traceIdFor(uid)}-${rootSpanIdFor(uid)}-01`;
}

function digest(text: string, hexDigits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, hexDigits);
}
