/** A day: whoever asks for more than that is not waited for any longer. */
const mostMs = 24 * 60 * 60 * 1000;

/** How long the other side asks to be left alone: seconds, or a date (RFC 9110, 10.2.3). Undefined for anything else. */
export function retryAfterMs(header: string | string[] | undefined, now: number = Date.now()): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined || text === '') return undefined;
  // Date.parse takes nearly anything; a date of HTTP says GMT.
  const wait = /^[0-9]+$/.test(text) ? Number(text) * 1000 : / GMT$/.test(text) ? Date.parse(text) - now : NaN;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), mostMs);
}
